"""The sides in Python: the original (PSHMEM_PYTHON_SRC), mpi4py's own lock and counter, and NumPy.

Follows the runner's orders as rank.ts does: see orders.ts. Argument: the folder of the job's pipes, or --probe, which prints the MPI that
mpi4py uses and the versions.
"""

import importlib.machinery
import importlib.util
import json
import os
import sys
import tempfile
import time
import traceback
import types

import mpi4py
import numpy as np

SOURCE = os.environ.get("PSHMEM_PYTHON_SRC")


class WithoutCopy(importlib.machinery.SourceFileLoader):
    """Before 2.1, NumPy's reshape knows no `copy`; the original says copy=False of arrays that are contiguous anyway."""

    def get_code(self, fullname):
        return compile(self.get_source(fullname).replace(", copy=False", ""), self.path, "exec")

    @classmethod
    def find_spec(cls, name, path, target=None):
        if name != "pshmem.shmem":
            return None
        file = os.path.join(path[0], "shmem.py")
        return importlib.util.spec_from_file_location(name, file, loader=cls(name, file))


if SOURCE:
    sys.path.insert(0, SOURCE)
    # The package reads its version from a module that only its build writes; a clone has none.
    sys.modules.setdefault("pshmem._version", types.SimpleNamespace(__version__="unknown"))
    if tuple(int(part) for part in np.__version__.split(".")[:2]) < (2, 1):
        sys.meta_path.insert(0, WithoutCopy)


def now():
    return time.perf_counter() * 1e3


class Side:
    """Makes ready in __init__(comm, folder, size); all ranks call everything."""

    def __init__(self, comm, folder, size):
        self.comm, self.folder, self.size = comm, folder, size
        self.open()

    def open(self):
        pass

    def act(self):
        pass

    def turn(self, ops):
        """All ranks do the operation, which keeps them in step."""
        self.comm.barrier()
        return self.timed(ops)

    def timed(self, ops):
        act = self.act
        start = now()
        for _ in range(ops):
            act()
        return now() - start

    def close(self):
        pass


class InTurns(Side):
    """Every rank does the operation as often, at its own pace."""

    def turn(self, ops):
        self.comm.barrier()
        took = self.timed(ops)
        self.comm.barrier()
        return took


class Alone(Side):
    """One rank does the operation; the others wait in a barrier, where MPI makes progress."""

    def worker(self):
        return 0

    def turn(self, ops):
        self.comm.barrier()
        took = self.timed(ops) if self.comm.rank == self.worker() else 0.0
        self.comm.barrier()
        return took


class Set(Side):
    def open(self):
        from pshmem import MPIShared

        count = self.size // 8
        self.shared = MPIShared((count,), np.float64, self.comm)
        self.data = np.ones(count) if self.comm.rank == 0 else None

    def act(self):
        self.shared.set(self.data, offset=(0,) if self.comm.rank == 0 else None, fromrank=0)

    def close(self):
        self.shared.close()


class SetSlab(Set):
    def open(self):
        from pshmem import MPIShared

        self.shared = MPIShared((4000, 4000), np.float64, self.comm)
        self.data = np.ones((1000, 1000)) if self.comm.rank == 0 else None

    def act(self):
        self.shared.set(self.data, offset=(1000, 1000) if self.comm.rank == 0 else None, fromrank=0)


class NumpySlab(Alone):
    def open(self):
        self.target = np.zeros((4000, 4000))
        self.target[:] = 0
        self.data = np.ones((1000, 1000))

    def act(self):
        self.target[1000:2000, 1000:2000] = self.data


class Create(Side):
    def act(self):
        from pshmem import MPIShared

        MPIShared((self.size // 8,), np.float64, self.comm).close()


class OpenAtOnce(Side):
    """How many arrays MPI lets the original open; after that the job can only end."""

    def turn(self, ops):
        from pshmem import MPIShared

        arrays = []
        try:
            while len(arrays) < 10_500:
                arrays.append(MPIShared((1,), np.float64, self.comm))
        except Exception:
            self.broken = True
        return len(arrays)


class LockFree(Alone):
    def worker(self):
        return self.size

    def open(self):
        from pshmem import MPILock

        self.lock = MPILock(self.comm)

    def act(self):
        self.lock.lock()
        self.lock.unlock()

    def close(self):
        self.lock.close()


class LockContended(InTurns):
    """The time counts until the last rank is through."""

    def turn(self, ops):
        self.comm.barrier()
        start = now()
        self.timed(ops)
        self.comm.barrier()
        return now() - start

    open, act, close = LockFree.open, LockFree.act, LockFree.close


class MutexFree(Alone):
    def worker(self):
        return self.size

    def open(self):
        from mpi4py.util.sync import Mutex

        self.mutex = Mutex(comm=self.comm)

    def act(self):
        self.mutex.acquire()
        self.mutex.release()

    def close(self):
        self.mutex.free()


class MutexStall(MutexFree):
    """The worst acquire and release of the last rank while rank 0 computes for a second."""

    def turn(self, ops):
        self.comm.barrier()
        start, worst, last = now(), 0.0, self.comm.size - 1
        while self.comm.rank == 0 and now() - start < 1000:
            pass
        while self.comm.rank == last and now() - start < 100:
            pass
        while self.comm.rank == last and now() - start < 1000:
            worst = max(worst, self.timed(1))
        self.comm.barrier()
        return worst


class Counter(Alone):
    def open(self):
        from mpi4py.util.sync import Counter as MpiCounter

        self.counter = MpiCounter(comm=self.comm)

    def act(self):
        self.counter.next()

    def close(self):
        self.counter.free()


class Claim(InTurns):
    """Claims from the second half of a batch whose first half is done: what one costs on average."""

    def open(self):
        self.batch = self.fresh()

    def fresh(self):
        from pshmem import MPIBatch

        states = np.zeros(self.size, dtype=np.int32)
        states[: self.size // 2] = MPIBatch.DONE
        self.left = self.size // 2 // self.comm.size
        return MPIBatch(self.comm, 1, self.size, init_state=states)

    def act(self):
        task = self.batch.next_task()
        self.batch.set_task_state(task, self.batch.DONE)

    def turn(self, ops):
        took = 0.0
        while ops > 0:
            if self.left == 0:
                self.batch.close()
                self.batch = self.fresh()
            some = min(ops, self.left)
            took += super().turn(some)
            self.left -= some
            ops -= some
        return took

    def close(self):
        self.batch.close()


class ClaimDisk(Claim):
    """By the first rank alone."""

    def fresh(self):
        from pshmem import MPIBatch

        names = [f"task-{task}" for task in range(self.size)]
        self.left = self.size // 2
        root = tempfile.mkdtemp(dir=self.folder) if self.comm.rank == 0 else None
        root = self.comm.bcast(root)
        if self.comm.rank == 0:
            for name in names[: self.size // 2]:
                os.mkdir(os.path.join(root, name))
                with open(os.path.join(root, name, "state"), "w") as file:
                    file.write("DONE\n")
        self.comm.barrier()
        return MPIBatch(self.comm, 1, self.size, task_fs_root=root, task_fs_names=names)

    def timed(self, ops):
        return super().timed(ops) if self.comm.rank == 0 else 0.0


SIDES = {
    "set": Set,
    "set_slab": SetSlab,
    "numpy_slab": NumpySlab,
    "create": Create,
    "open_at_once": OpenAtOnce,
    "lock_free": LockFree,
    "lock_contended": LockContended,
    "mutex_free": MutexFree,
    "mutex_stall": MutexStall,
    "counter": Counter,
    "claim": Claim,
    "claim_disk": ClaimDisk,
}


def follow(order, sides, comm, folder):
    if order["do"] == "make":
        sides[order["side"]] = SIDES[order["make"]](comm, folder, order["size"])
        return 0
    if order["do"] == "turn":
        return sides[order["side"]].turn(order["ops"])
    sides.pop(order["side"]).close()
    return 0


def serve(comm, folder):
    sides = {}
    orders = open(os.path.join(folder, f"orders.{comm.rank}"), "rb", buffering=0)
    answers = open(os.path.join(folder, "answers"), "wb", buffering=0)

    def answer(**what):
        # One write of a short line arrives whole.
        answers.write((json.dumps({"rank": comm.rank, **what}) + "\n").encode())

    answer(value=0)
    # No bytes: the runner has gone.
    while (line := orders.read(4096)) and (order := json.loads(line))["do"] != "quit":
        try:
            answer(value=follow(order, sides, comm, folder))
        except Exception:
            answer(value=0, error=traceback.format_exc()[-2000:])


if sys.argv[1] == "--probe":
    from mpi4py import MPI

    if MPI.COMM_WORLD.rank == 0:
        found = None
        try:
            import pshmem

            found = os.path.dirname(pshmem.__file__)
        except ImportError as error:
            print(error, file=sys.stderr)
        facts = {
            "library": MPI.Get_library_version().strip("\0").splitlines()[0],
            "mpi4py": mpi4py.__version__,
            "numpy": np.__version__,
            "original": found,
        }
        print(json.dumps(facts), flush=True)
else:
    from mpi4py import MPI

    serve(MPI.COMM_WORLD, sys.argv[1])
