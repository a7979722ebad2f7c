"""Opens a page from disk in headless Chromium and says what it shows, as often as it is asked.

    python3 page.py PAGE.html

A line on standard input is a text: once the line on the page that says how the run is doing has it, a line of
JSON says what is there. After the first answer the table is sorted and a part of the page is folded, as a reader
would: later answers say whether that was kept.
"""

import json
import os
import pathlib
import shutil
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "docs"))
from screenshot import Browser, Failure, poll  # noqa: E402

# Counts the page's loads, and what could load it again.
WATCH = """
sessionStorage.setItem("loads", 1 + Number(sessionStorage.getItem("loads")));
window.timers = 0;
for (const name of ["setTimeout", "setInterval"]) {
  const own = window[name];
  window[name] = (...rest) => { window.timers += 1; return own(...rest); };
}
"""

LOOK = """
(() => {
  const state = document.querySelector(".state");
  if (document.readyState !== "complete" || !state) return null;
  const table = document.getElementById("layers");
  const cell = c => c.dataset.v === undefined ? c.textContent.trim() : Number(c.dataset.v);
  return {
    state: state.textContent,
    loads: Number(sessionStorage.getItem("loads")),
    timers: window.timers,
    refreshes: document.querySelectorAll("meta[http-equiv=refresh]").length
      + (document.querySelector("noscript")?.textContent.match(/refresh/g) ?? []).length,
    fetched: performance.getEntriesByType("resource").map(entry => entry.name),
    heads: [...table.tHead.rows[0].cells].map(c => c.textContent),
    rows: [...table.tBodies[0].rows].map(row => [...row.cells].map(cell)),
    sorted: table.querySelector("th[aria-sort=descending]")?.textContent ?? null,
    folded: [...document.querySelectorAll("details:not([open])")].length,
  };
})()
"""

# Twice on the head of the largest value, and away with the first part.
READ = """
(() => {
  const heads = [...document.querySelectorAll("#layers th")];
  const head = heads.find(head => head.textContent === "largest");
  head.click(); head.click();
  document.querySelector("details[open]").open = false;
})()
"""


def main():
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        size = (1600, 1000)
        with Browser(chromium, profile, size) as browser:
            browser.open("about:blank", size)
            browser.ask("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
            browser.ask("Page.navigate", url=pathlib.Path(sys.argv[1]).resolve().as_uri())

            def look(text):
                try:
                    seen = browser.evaluate(LOOK)
                except Failure as failure:
                    # It is being loaded again.
                    if "navigated" in str(failure) or "context" in str(failure):
                        return None
                    raise
                return seen if seen and text in seen["state"] else None

            for number, line in enumerate(sys.stdin):
                text = line.strip()
                print(json.dumps(poll(f"a page that says {text!r}", lambda: look(text))), flush=True)
                if number == 0:
                    browser.evaluate(READ)


if __name__ == "__main__":
    try:
        main()
    except Failure as failure:
        sys.exit(f"page.py: {failure}")
