"""Does with the Python original what batch.ts does: see there for the orders and the outcome.

Without orders it prints the MPI that mpi4py was built for. PSHMEM_PYTHON_SRC may name the folder that holds the original's package.
"""

import json
import os
import signal
import sys
import types

source = os.environ.get("PSHMEM_PYTHON_SRC")
if source:
    sys.path.insert(0, source)
    # The package reads its version from a module that only its build writes; a clone has none.
    sys.modules.setdefault("pshmem._version", types.SimpleNamespace(__version__="unknown"))

from pshmem import MPIBatch  # noqa: E402


def states(batch):
    seen = []
    if batch.comm is None or batch.comm.rank == 0:
        seen = [MPIBatch.state_to_string(batch.get_task_state(task)) for task in range(batch.n_task)]
    barrier(batch)
    return seen


def work(batch, orders):
    taken = []
    while len(taken) < orders["most"]:
        task = batch.next_task(ignore_running=orders["ignoreRunning"], ignore_failed=orders["ignoreFailed"])
        if task is None:
            break
        taken.append(task)
        end = orders["ends"][task]
        if end == "KILL":
            barrier(batch)
            os.kill(os.getpid(), signal.SIGKILL)
        elif batch.worker_rank == 0:
            batch.set_task_state(task, MPIBatch.string_to_state(end))
    return taken


def barrier(batch):
    if batch.comm is not None:
        batch.comm.barrier()


def world():
    # As in the original's own test programme.
    if "MPI_DISABLE" in os.environ:
        return None
    from mpi4py import MPI

    return MPI.COMM_WORLD


def mpi_library():
    import mpi4py

    mpi4py.rc.initialize = False
    from mpi4py import MPI

    return MPI.Get_library_version()


def main(orders):
    comm = world()
    size = 1 if comm is None else comm.size
    names = orders["names"]
    with MPIBatch(
        comm, size // orders["workers"], len(names), task_fs_root=orders["root"], task_fs_names=names
    ) as batch:
        found = states(batch)
        taken = work(batch, orders)
        all_taken = [taken] if comm is None else comm.gather(taken)
        barrier(batch)
        left = states(batch)
        if all_taken is not None:
            outcome = {"found": found, "taken": all_taken[:: batch.worker_size], "left": left}
            print(json.dumps(outcome), flush=True)


if len(sys.argv) == 1:
    print(mpi_library())
else:
    main(json.loads(sys.argv[1]))
