"""Writes fixtures/batch: state directories made by the Python original, and what it says of them.

    git clone https://github.com/tskisner/pshmem
    PSHMEM_PYTHON_SRC=pshmem/src python3 scripts/make-batch-fixtures.py

It needs NumPy and runs serially. For each directory, expected.json holds the states as the original reads them, and the tasks that it
hands out next, each being marked DONE. The result is the same at every run.
"""

import json
import os
import shutil
import sys
from pathlib import Path

os.environ["MPI_DISABLE"] = "1"
sys.path.insert(0, os.environ["PSHMEM_PYTHON_SRC"])

from pshmem import MPIBatch  # noqa: E402

TARGET = Path(__file__).resolve().parent.parent / "fixtures" / "batch"


def batch_at(directory, names):
    return MPIBatch(None, 1, len(names), task_fs_root=str(directory), task_fs_names=names)


def fresh(directory, names):
    batch_at(directory, names)


def mixed(directory, names):
    """Every state, reached by the calls that programs make."""
    batch = batch_at(directory, names)
    for outcome in (batch.DONE, batch.FAILED, batch.RUNNING, batch.INVALID):
        batch.set_task_state(batch.next_task(), outcome)


def finished(directory, names):
    batch = batch_at(directory, names)
    task = batch.next_task()
    while task is not None:
        batch.set_task_state(task, batch.DONE if task % 3 else batch.FAILED)
        task = batch.next_task()


def opened(directory, names):
    """Failed tasks opened again, as users do."""
    finished(directory, names)
    batch = batch_at(directory, names)
    for task in range(0, len(names), 3):
        batch.set_task_state(task, batch.OPEN)


CASES = {
    "fresh": (fresh, [f"task_{i:03d}" for i in range(4)]),
    "mixed": (mixed, ["alpha", "beta", "gamma", "delta", "epsilon", "zeta"]),
    "finished": (finished, [f"{i}" for i in range(7)]),
    "opened": (opened, ["one day", "überall", "a.b.c", "-x"]),
}


def main():
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    expected = {}
    for case, (make, names) in CASES.items():
        make(TARGET / case, names)
        copy = TARGET / f"{case}.copy"
        shutil.copytree(TARGET / case, copy)
        batch = batch_at(copy, names)
        states = [int(batch.get_task_state(task)) for task in range(len(names))]
        handed_out = []
        task = batch.next_task()
        while task is not None:
            handed_out.append(task)
            batch.set_task_state(task, batch.DONE)
            task = batch.next_task()
        shutil.rmtree(copy)
        expected[case] = {"names": names, "states": states, "handedOut": handed_out}
    text = json.dumps(expected, indent=2, ensure_ascii=False)
    (TARGET / "expected.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
