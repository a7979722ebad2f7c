"""Writes the .pt files beside it with PyTorch itself.

Run with Python 3.11 and torch 2.15.0 and numpy 2.4.6; too large a download for every run of the tests, so the
files are kept. `values` gives what each tensor holds, as the test expects it.
"""

from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent


def values(rows, columns, scale=1.0):
    """Entries that every type holds exactly: (row - 1) + column / 8."""
    row = torch.arange(rows, dtype=torch.float64).reshape(-1, 1)
    column = torch.arange(columns, dtype=torch.float64)
    return (row - 1 + column / 8) * scale


def save(name, value, **options):
    torch.save(value, HERE / name, **options)


types = OrderedDict(
    (name, values(3, 4).to(getattr(torch, name)))
    for name in ["float32", "float64", "float16", "bfloat16", "int64"]
)
save("types.pt", types)
save("legacy.pt", types, _use_new_zipfile_serialization=False)

# A module that is trained: its state dict in a checkpoint, beside the optimizer's state.
torch.manual_seed(0)
model = torch.nn.Sequential(OrderedDict(up=torch.nn.Linear(4, 3, False), down=torch.nn.Linear(3, 2, False)))
optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)
model(torch.ones(1, 4)).sum().backward()
optimizer.step()
with torch.no_grad():
    model.up.weight.copy_(values(3, 4))
    model.down.weight.copy_(values(2, 3))
save(
    "training.pt",
    {
        "epoch": 3,
        "loss": 0.25,
        "state_dict": OrderedDict(("module." + k, v) for k, v in model.state_dict().items()),
        "optimizer": optimizer.state_dict(),
        # A class is no tensor.
        "args": {"lr": 1e-3, "decay": (0.9, 0.999), "kind": torch.Tensor},
    },
)
save("optimizer_alone.pt", optimizer.state_dict())
save("module.pt", model)

# Views of one storage: transposed, a slice, and one that repeats a row without end.
base = values(4, 6).float()
save(
    "views.pt",
    {
        "transposed": base.T,
        "rows": base[1:3],
        "columns": base[:, 1:3],
        "same": base,
        "parameter": torch.nn.Parameter(base[0:2].T),
        "repeated": base[0].expand(100_000, 6),
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
    },
)

# Two tensors with one path.
save("one_path.pt", {"a": {"b": torch.zeros(1)}, "a.b": torch.ones(1)})
