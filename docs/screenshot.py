#!/usr/bin/env python3
"""Takes a picture of a TensorBoard page, or of a page that `rmt report` wrote, for the README.

    python3 docs/screenshot.py LOGDIR OUT.png [--page PAGE]
        [--filter REGEX] [--size 1600x1000] [--tensorboard PROGRAM]
    python3 docs/screenshot.py PAGE.html OUT.png [--dark] [--size 1600x1000]

PAGE is timeseries, scalars, custom_scalars, histograms, distributions, images, text or hparams.

Needs headless Chromium (Debian: `chromium`; override with CHROMIUM=PROGRAM) and TensorBoard,
by default the one in target/tensorboard-venv that the tests make. Standard library only.
"""

import argparse
import base64
import fcntl
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
# The pages, each with the elements that hold what it shows, and what is in them once it is shown.
CHART, PICTURE, WORDS = "chart", "picture", "words"
PAGES = {
    "timeseries": ("scalar-card, histogram-card", CHART),
    "scalars": ("tf-scalar-card", CHART),
    "custom_scalars": (
        "tf-custom-scalar-margin-chart-card, tf-custom-scalar-multi-line-chart-card", CHART),
    "histograms": ("tf-histogram-loader", CHART),
    "distributions": ("tf-distribution-loader", CHART),
    "images": ("tf-image-loader", PICTURE),
    "text": ("tf-text-loader", WORDS),
    "hparams": ("tf-hparams-table-view", WORDS),
}
# Longest time for one thing to happen outside of this program, in seconds.
DEADLINE = 90
POLL = 0.3
# How long the page must have stayed the same.
SETTLED = 2.0

# Settings: charts rather than panes, with nothing cut off and no table below. The first are the
# newer page's, the last the older scalars page's.
SETTINGS = """
localStorage.setItem("_tb_global_settings", JSON.stringify({
  timeSeriesSettingsPaneOpened: false, sideBarWidthInPercent: 15,
  ignoreOutliers: false, stepSelectorEnabled: false,
}));
localStorage.setItem("_ignoreYOutliers", "false");
"""

# Opens all groups, or on the older pages closes all but the first, and says what is on the page:
# the number of elements of the page in view, of those of them that show something, and of signs that
# something is still being loaded. Elements are searched for through shadow roots: the older pages have
# such.
LOOK = """
((open, elements, kind) => {
  const all = (selector, root = document) => {
    const found = [...root.querySelectorAll(selector)];
    if (root.shadowRoot) found.push(...all(selector, root.shadowRoot));
    for (const e of root.querySelectorAll("*")) {
      if (e.shadowRoot) found.push(...all(selector, e.shadowRoot));
    }
    return found;
  };
  const shown = (e) => {
    const box = e.getBoundingClientRect();
    return box.width > 0 && box.height > 0 && box.top < innerHeight && box.bottom > 0;
  };
  const closed = "button.group-toolbar:has([svgicon=expand_more_24px]), "
    + "button.heading:not([open-button])";
  if (open) all(closed).filter(shown).forEach((e) => e.click());
  else all("button.heading[open-button]").slice(1).forEach((e) => e.click());
  // Images at the size that they were drawn for.
  all("paper-checkbox").filter((e) => e.textContent.includes("actual image size") && !e.checked)
    .forEach((e) => e.click());
  const charts = all(elements).filter(shown);
  const curve = (p) =>
    (p.getAttribute("d") || "").length > 20 && p.getBoundingClientRect().width > 40;
  const words = (e) => all("p, td, span, vaadin-grid-cell-content", e).some((p) => shown(p) && p.textContent.trim());
  const shows = {
    chart: (c) => all("path", c).some(curve),
    picture: (c) => all("img", c).some((i) => i.complete && i.naturalWidth > 0),
    words: (c) => words(c),
  };
  const drawn = charts.filter(shows[kind]);
  const busy = all("mat-spinner, paper-spinner-lite[active]").filter(shown);
  return [charts.length, drawn.length, busy.length];
})
"""


class Failure(Exception):
    """What to tell the user, in one line."""


def poll(what, attempt):
    """Tries until something other than None comes back, for a bounded time."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        result = attempt()
        if result is not None:
            return result
        time.sleep(POLL)
    raise Failure(f"not in time ({DEADLINE} s): {what}")


class Process:
    """A child with a process group of its own, all of which is ended."""

    def __init__(self, command, **options):
        try:
            self.child = subprocess.Popen(command, start_new_session=True, **options)
        except OSError as error:
            raise Failure(f"{command[0]}: {error.strerror}") from error

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            os.killpg(self.child.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self.child.wait()


class TensorBoard(Process):
    """TensorBoard on a log directory, at a free loopback port."""

    def __init__(self, program, logdir):
        command = [program, "--logdir", logdir, "--host", "127.0.0.1", "--port", "0"]
        # All is read, once, before the first answer.
        command += ["--load_fast=false", "--reload_task=blocking", "--reload_interval=0"]
        super().__init__(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        self.said = []
        self.listener = threading.Thread(target=self.listen, daemon=True)
        self.listener.start()

    def listen(self):
        for line in self.child.stderr:
            self.said.append(line.decode(errors="replace").strip())

    def url(self):
        def attempt():
            for line in list(self.said):
                if address := re.search(r"http://\S+:\d+", line):
                    return address[0]
            if self.child.poll() is not None:
                self.listener.join(1)
                reason = next((line for line in reversed(self.said) if line), "no message")
                raise Failure(f"TensorBoard did not start: {reason}")
            return None

        return poll("TensorBoard's address", attempt)


def get(url):
    """The JSON at a loopback address, past any proxy."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=DEADLINE) as reply:
            return json.load(reply)
    except (OSError, ValueError) as error:
        raise Failure(f"{url}: {error}") from error


def tags(url):
    """Every tag of a curve, a histogram, a picture or a text."""
    plugins = ("scalars", "histograms", "images", "text")
    listings = (get(f"{url}/data/plugin/{plugin}/tags") for plugin in plugins)
    return {tag for listing in listings for of_run in listing.values() for tag in of_run}


class Browser(Process):
    """Headless Chromium, spoken to in its DevTools protocol over a pair of pipes."""

    def __init__(self, program, profile, size):
        hears, self.to = os.pipe()
        self.heard_from, says = os.pipe()
        # The browser's own ends are descriptors 3 and 4: made out of these two, kept clear of them.
        ends = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (hears, says)]

        def hand_over():
            os.dup2(ends[0], 3)
            os.dup2(ends[1], 4)

        flags = (
            "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run "
            "--disable-background-networking --disable-component-update --disable-sync "
            "--hide-scrollbars --no-proxy-server --remote-debugging-pipe"
        ).split()
        flags += [f"--user-data-dir={profile}", f"--window-size={size[0]},{size[1]}"]
        try:
            super().__init__(
                [program, *flags, "about:blank"],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                preexec_fn=hand_over,
                pass_fds=(3, 4),
            )
        finally:
            for end in (hears, says, *ends):
                os.close(end)
        self.count, self.rest, self.session = 0, b"", None

    def ask(self, method, **parameters):
        """Sends one command, and gives its result; events are passed over."""
        self.count += 1
        message = {"id": self.count, "method": method, "params": parameters}
        if self.session:
            message["sessionId"] = self.session
        try:
            os.write(self.to, json.dumps(message).encode() + b"\0")
        except BrokenPipeError as error:
            raise Failure("Chromium ended") from error
        end = time.monotonic() + DEADLINE
        while True:
            while b"\0" in self.rest:
                first, self.rest = self.rest.split(b"\0", 1)
                reply = json.loads(first)
                if reply.get("id") == self.count:
                    if "error" in reply:
                        raise Failure(f"Chromium: {method}: {reply['error']['message']}")
                    return reply["result"]
            ready, _, _ = select.select([self.heard_from], [], [], max(0, end - time.monotonic()))
            if not ready:
                raise Failure(f"not in time ({DEADLINE} s): Chromium: {method}")
            chunk = os.read(self.heard_from, 1 << 20)
            if not chunk:
                raise Failure("Chromium ended")
            self.rest += chunk

    def open(self, url, size, dark=False):
        # The tab it opened with: one made now would stay in the background, and have no picture.
        first = poll("Chromium's first tab", self.first_tab)
        reply = self.ask("Target.attachToTarget", targetId=first, flatten=True)
        self.session = reply["sessionId"]
        self.ask("Page.enable")
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=size[0],
            height=size[1],
            deviceScaleFactor=1,
            mobile=False,
        )
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.ask("Emulation.setEmulatedMedia", features=[scheme])
        self.ask("Page.addScriptToEvaluateOnNewDocument", source=SETTINGS)
        if reason := self.ask("Page.navigate", url=url).get("errorText"):
            raise Failure(f"Chromium: {url}: {reason}")

    def first_tab(self):
        targets = self.ask("Target.getTargets")["targetInfos"]
        return next((t["targetId"] for t in targets if t["type"] == "page"), None)

    def evaluate(self, script):
        reply = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in reply:
            described = reply["result"].get("description", "a script failed")
            raise Failure("Chromium: " + described.splitlines()[0])
        return reply["result"].get("value")

    def picture(self):
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


def address(url, page, tag_filter):
    """The page's address: the newer page reads the query, the older ones the fragment."""
    query = {"darkMode": "false", "forceSVG": "true", "smoothing": "0", "tagFilter": tag_filter}
    fragment = {"tagFilter": tag_filter, "_smoothingWeight": "0"}
    encode = lambda values: urllib.parse.urlencode(values, quote_via=urllib.parse.quote)
    return f"{url}/?{encode(query)}#{page}&{encode(fragment)}"


def drawn(browser, page, open_groups):
    """The page, once its charts are drawn and pictures of it have been the same for a while."""
    state, last, since = (0, 0, 0), None, 0.0
    arguments = ", ".join(map(json.dumps, (open_groups, *PAGES[page])))

    def attempt():
        nonlocal state, last, since
        state = browser.evaluate(f"{LOOK}({arguments})")
        charts, with_lines, busy = state
        complete = charts > 0 and with_lines == charts and busy == 0
        picture = browser.picture() if complete else None
        if picture != last:
            last, since = picture, time.monotonic()
        return picture if time.monotonic() - since >= SETTLED else None

    try:
        return poll("charts", attempt)
    except Failure as failure:
        charts, with_lines, busy = state
        detail = f"{with_lines} of {charts} charts drawn, {busy} still loading"
        raise Failure(f"{failure}: {detail}") from failure


def page_of_a_report(chromium, profile, options):
    """The upper end of the page, once it is there: it loads nothing, and draws without scripts."""
    with Browser(chromium, profile, options.size) as browser:
        browser.open(options.logdir.resolve().as_uri(), options.size, options.dark)
        complete = "document.readyState === 'complete' || null"
        poll("the page", lambda: browser.evaluate(complete))
        return browser.picture()


def size_of(text):
    if found := re.fullmatch(r"([1-9]\d{2,3})x([1-9]\d{2,3})", text):
        return int(found[1]), int(found[2])
    raise argparse.ArgumentTypeError(f"not a size such as 1600x1000: {text}")


def pattern(text):
    try:
        re.compile(text)
    except re.error as error:
        raise argparse.ArgumentTypeError(f"not a regular expression: {text}: {error}") from error
    return text


def main():
    class Parser(argparse.ArgumentParser):
        def error(self, message):
            raise Failure(message)

    parser = Parser(description="Takes a picture of a page of TensorBoard or of rmt report.")
    parser.add_argument("logdir", metavar="LOGDIR|PAGE.html", type=pathlib.Path)
    parser.add_argument("out", metavar="OUT.png", type=pathlib.Path)
    parser.add_argument("--page", choices=PAGES, default="timeseries")
    parser.add_argument("--filter", type=pattern, default="", help="tags to show")
    parser.add_argument("--size", type=size_of, default=(1600, 1000), help="1600x1000")
    venv = REPOSITORY / "target/tensorboard-venv/bin/tensorboard"
    parser.add_argument("--tensorboard", default=str(venv), metavar="PROGRAM")
    parser.add_argument("--dark", action="store_true", help="of a page of rmt report")
    options = parser.parse_args()
    page = options.logdir.is_file() and options.logdir.suffix == ".html"
    if not page and not options.logdir.is_dir():
        raise Failure(f"no such directory: {options.logdir}")
    if not options.out.absolute().parent.is_dir():
        raise Failure(f"no such directory: {options.out.parent}")
    if not page and not shutil.which(options.tensorboard):
        raise Failure(f"no such program: {options.tensorboard} (the tests make it)")
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if not chromium:
        raise Failure("no such program: chromium (Debian: apt-get install chromium)")

    # The browser may still be writing when it is ended.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        if page:
            options.out.write_bytes(page_of_a_report(chromium, profile, options))
            return
        with TensorBoard(options.tensorboard, options.logdir) as server:
            url = server.url()
            if not any(re.search(options.filter, tag) for tag in tags(url)):
                raise Failure(f"no tag matches {options.filter!r} in {options.logdir}")
            with Browser(chromium, profile, options.size) as browser:
                browser.open(address(url, options.page, options.filter), options.size)
                # What matches a filter is in a group of its own, the first, which is open.
                options.out.write_bytes(drawn(browser, options.page, not options.filter))


if __name__ == "__main__":
    # Both ways of being stopped end the children too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        main()
    except Failure as failure:
        sys.exit(f"screenshot.py: {failure}")
    except OSError as error:
        sys.exit(f"screenshot.py: {error.filename or 'outside program'}: {error.strerror}")
    except KeyboardInterrupt:
        sys.exit("screenshot.py: interrupted")
