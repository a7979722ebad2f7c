"""What loggers do under faults: runs each (writer, fault) in a process with a small file system of its
own, and prints how training ended and which steps can be read.

    python3 -m venv venv && venv/bin/pip install -r tests/requirements.txt tensorboardX==2.6.5
    cargo build --release -p rmt-benches --example faults
    venv/bin/python benches/faults.py target/release/examples/faults
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time

STEPS, FROM, TO, CURVES, STEP = 30, 10, 20, 100, 0.06  # as in faults.rs
FAULTS = ["none", "disk_full", "directory_removed", "killed", "two_writers"]
PYTHON = ["tensorboard", "tensorboardX"]
RUST = ["tensorboard-rs", "burn", "rmt"]


def writer(name, directory):
    if name == "tensorboardX":
        from tensorboardX import SummaryWriter

        own = SummaryWriter(directory)
        return lambda k, step: own.add_scalar(f"loss/{k}", 0.5, step), own.flush, own.close
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.proto.summary_pb2 import Summary
    from tensorboard.summary.writer.event_file_writer import EventFileWriter

    own = EventFileWriter(directory)

    def add(k, step):
        value = Summary.Value(tag=f"loss/{k}", simple_value=0.5)
        own.add_event(Event(step=step, wall_time=time.time(), summary=Summary(value=[value])))

    return add, own.flush, own.close


def train(name, fault, directory):
    """As faults.rs does."""
    writers = [writer(name, directory) for _ in range(1 + (fault == "two_writers"))]
    ballast = directory + ".ballast"
    for step in range(STEPS):
        if fault == "disk_full" and step == FROM:
            try:
                with open(ballast, "wb", buffering=0) as file:
                    while True:
                        file.write(b"\7" * 4096)
            except OSError:
                pass
        elif fault == "disk_full" and step == TO:
            os.remove(ballast)
        elif fault == "directory_removed" and step == FROM:
            shutil.rmtree(directory)
        elif fault == "directory_removed" and step == TO:
            os.mkdir(directory)
        elif fault == "killed" and step == TO:
            os.kill(os.getpid(), 9)
        for add, flush, _ in writers:
            for k in range(CURVES):
                add(k, step)
            if fault != "killed":
                flush()
        time.sleep(STEP)
    for _, _, close in writers:
        close()
    print("training ended")


def readable(directory):
    """Steps of which every curve can be read, of one writer each."""
    found = []
    for file in sorted(os.listdir(directory)) if os.path.isdir(directory) else []:
        path = os.path.join(directory, file)
        counts = {}
        if file == "loss.log":
            for line in open(path):
                if line.count(",") == 2 and line.endswith("\n"):
                    step = int(line.split(",")[0])
                    counts[step] = counts.get(step, 0) + 1
        elif "tfevents" in file:
            from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
            from tensorboard.compat.proto.event_pb2 import Event

            for raw in RawEventFileLoader(path).Load():
                event = Event.FromString(raw)
                number = sum(v.tag.startswith("loss/") for v in event.summary.value)
                counts[event.step] = counts.get(event.step, 0) + number
        else:
            continue
        found.append({step for step, number in counts.items() if number >= CURVES})
    return found


def inside(program, name, fault, directory):
    base = os.path.join(directory, "run")
    if name in PYTHON:
        command = [sys.executable, __file__, "train", name, fault, base]
    else:
        command = [program, name, fault, base]
    try:
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60)
        status = ended.returncode
        said = [line for line in ended.stderr.splitlines() if line.strip()]
    except subprocess.TimeoutExpired:
        status, said = "hangs (60 s)", []
    runs = readable(base)
    every = set().union(*runs)
    part = lambda a, b: f"{len(every & set(range(a, b)))}/{b - a}"
    pieces = [part(0, FROM), part(FROM, TO), part(TO, STEPS)]
    if fault == "two_writers":
        pieces = [f"{len(steps)}/{STEPS}" for steps in runs if steps]
    kinds = [line for line in said if "Error" in line or "panicked" in line or "abort" in line]
    last = (kinds or said or [""])[0][:120]
    print(f"{fault} | {name} | status {status} | steps {', '.join(pieces)} | {last}", flush=True)


def main():
    program = os.path.abspath(sys.argv[1])
    print("fault | writer | exit status | whole steps readable: before, during, after | first error")
    for fault in FAULTS:
        for name in PYTHON + RUST:
            with tempfile.TemporaryDirectory() as base:
                script = 'mount -t tmpfs -o size=2m tmpfs "$0" && exec "$@"'
                own = [sys.executable, __file__, "inside", program, name, fault, base]
                unshare = ["unshare", "--user", "--map-root-user", "--mount"]
                subprocess.run(unshare + ["sh", "-c", script, base] + own, check=True)


if sys.argv[1] == "train":
    train(*sys.argv[2:])
elif sys.argv[1] == "inside":
    inside(*sys.argv[2:])
else:
    main()
