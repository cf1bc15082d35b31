"""Writes fixtures/: what NumPy and the Python original print and write, for the tests to compare with.

    PSHMEM_PYTHON_SRC=<the original's src folder> /usr/bin/python3 scripts/make-fixtures.py [family ...]

Needs NumPy (1.24, Debian 12's; 2.x prints scalars and float32 thresholds differently) and the original package's sources. All
random numbers are seeded: the same versions write the same bytes. A family is one function in FAMILIES; it returns its
files as {path below fixtures/: list of entries, written as JSON, one to a line}. With no names given, all families are written.
"""

import base64
import json
import os
import sys
import types

import numpy as np

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "fixtures")

INTEGERS = ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"]
FLOATS = ["float16", "float32", "float64"]
COMPLEX = ["complex64", "complex128"]
DTYPES = INTEGERS + FLOATS + COMPLEX + ["bool"]


def original():
    """The Python original, imported from its sources, which lack the version file that an installation adds."""
    source = os.environ.get("PSHMEM_PYTHON_SRC")
    if source is None:
        raise SystemExit("Set PSHMEM_PYTHON_SRC to the src folder of the Python package.")
    version = types.ModuleType("pshmem._version")
    version.__version__ = "0"
    sys.modules["pshmem._version"] = version
    sys.path.insert(0, source)
    import pshmem

    return pshmem


# Printing ---------------------------------------------------------------------------------------------------------------------


def entry(array, text):
    """An array with its text; the data is base64 of the elements in C order, little-endian."""
    return {
        "dtype": str(array.dtype),
        "shape": list(array.shape),
        "data": base64.b64encode(array.tobytes()).decode(),
        "text": text,
    }


def values(dtype, count, rng):
    """Random elements of many magnitudes, as a flat array."""
    kind = np.dtype(dtype)
    if dtype == "bool":
        return rng.random(count) < 0.5
    if kind.kind in "iu":
        info = np.iinfo(dtype)
        top = min(10 ** int(rng.integers(1, 20)), info.max)
        low = -min(top, -(info.min + 1)) if info.min < 0 else 0
        return rng.integers(low, top, count, dtype=dtype, endpoint=True)
    if kind.kind == "c":
        part = "float32" if dtype == "complex64" else "float64"
        return (values(part, count, rng) + 1j * values(part, count, rng)).astype(dtype)
    limit = {"float16": 4, "float32": 37, "float64": 300}[dtype]
    style = int(rng.integers(0, 6))
    base = rng.standard_normal(count)
    if style == 0:
        base = np.round(base * 10)
    elif style == 1:
        base = np.round(base, int(rng.integers(1, 9)))
    elif style == 2:
        base = base * 10.0 ** rng.integers(-3, 3)
    elif style == 3:
        base = base * 10.0 ** rng.integers(-limit, limit, count)
    elif style == 4:
        # Ties in the last place that is printed.
        base = rng.integers(-5120, 5120, count) / 512.0
    else:
        base = base * 10.0 ** rng.integers(4, min(limit, 12) + 1)
    return base.astype(dtype)


def special(dtype):
    """Arrays of the values that formats trip over."""
    nan, inf = np.nan, np.inf
    if dtype == "bool":
        return [[True], [False], [True, False], [True] * 40]
    if dtype in INTEGERS:
        info = np.iinfo(dtype)
        return [[0], [info.min, 0, info.max], [info.max] * 12]
    lists = [
        [0.0], [-0.0], [1.0], [nan], [inf], [-inf], [nan, inf], [nan, -inf, 1.0], [nan, 1e-7], [inf, 1.5, -2.25],
        [0.1, 0.2, 0.3], [1e-4, 1.0], [1e-5, 1.0], [1000.0, 1.0], [1001.0, 1.0], [1e4, 3.0], [65504.0, 0.5], [1 / 3, 2 / 3],
        [0.001953125, 0.005859375, 0.009765625], [nan] * 30, [100000.0, 0.5], [0.0, -0.0, 0.0], [1e-7, 5e-8],
    ]
    if dtype not in ("float16",):
        lists += [
            [1e8], [99999999.0], [123456789.0], [1e20, 1.0], [1e-30, 1e30], [1.1754942e-38, 3.4028235e38], [1e-45],
            [16777216.0, 1e-3], [1e16], [1e15, 1.0], [-1e8, nan], [0.00011920929, 1.0],
        ]
    if dtype in ("float64", "complex128"):
        lists += [
            [5e-324], [1.7976931348623157e308, 2.2250738585072014e-308], [1e23], [1e100, -1e-100], [1e308, 1.0, nan],
            [0.1 + 0.2], [2.0**53, 0.1], [1.000000005, 1000000005.0, 2.5], [1000000015.0, 1.0],
        ]
    if dtype in COMPLEX:
        real = lists
        lists = [[complex(x, y) for x, y in zip(a, a[::-1])] for a in real]
        lists += [[complex(x, -0.0) for x in a] for a in real] + [[complex(0.0, x) for x in a] for a in real]
        lists += [[complex(-0.0, x) for x in a] for a in real] + [[complex(1.0, x) for x in a] for a in real]
    return lists


SHAPES = [
    (1,), (2,), (5,), (12,), (40,), (1000,), (1001,), (1200,), (0,), (3, 0), (0, 3),
    (1, 1), (3, 5), (5, 3), (30, 4), (2, 40), (40, 30), (7, 150), (500, 3), (3, 400),
    (2, 3, 4), (4, 1, 3), (1, 1, 1), (12, 10, 11), (2, 2, 300), (2, 3, 2, 2), (8, 7, 6, 5), (1, 2, 1, 2, 3),
]


def printing():
    rng = np.random.default_rng(20250701)
    files = {}
    for dtype in DTYPES:
        with np.errstate(over="ignore"):
            arrays = [np.array(one, dtype=dtype) for one in special(dtype)]
        arrays += [array[:1].reshape(()) for array in arrays]
        arrays += [values(dtype, 1, rng).reshape(()) for _ in range(25)]
        for shape in SHAPES:
            size = int(np.prod(shape))
            for _ in range(4 if size < 100 else 1):
                arrays.append(values(dtype, size, rng).reshape(shape))
        for size in [3, 6, 20]:
            with_gaps = values(dtype, size, rng)
            if dtype in FLOATS + COMPLEX:
                with_gaps[rng.random(size) < 0.3] = np.nan
                with_gaps[rng.random(size) < 0.3] = -np.inf
            arrays.append(with_gaps)
        with np.errstate(all="ignore"):
            files[f"printing/{dtype}.json"] = [entry(array, str(array)) for array in arrays]
    return files


def shared_printing():
    """The original's repr of arrays without a communicator."""
    pshmem = original()
    rng = np.random.default_rng(20250702)
    entries = []
    for dtype in DTYPES:
        for shape in [(3, 5), (4,), (5,), (1,), (6, 2), (2, 3, 4), (5, 30), (9, 1, 2), (0,), (4, 0)]:
            with pshmem.MPIShared(shape, dtype, None) as shared:
                data = values(dtype, int(np.prod(shape)), rng).reshape(shape)
                if data.size > 0:
                    shared.set(data, offset=(0,) * len(shape), fromrank=0)
                entries.append(entry(data, repr(shared)))
    return {"printing/shared.json": entries}


# Further families: write a function that returns its files, and name it here. -------------------------------------------------

FAMILIES = {
    "printing": printing,
    "shared-printing": shared_printing,
}


def main():
    for family in sys.argv[1:] or FAMILIES:
        for path, content in FAMILIES[family]().items():
            target = os.path.join(ROOT, path)
            os.makedirs(os.path.dirname(target), exist_ok=True)
            with open(target, "w", encoding="utf-8", newline="\n") as file:
                lines = ",\n".join(json.dumps(one, ensure_ascii=True) for one in content)
                file.write(f"[\n{lines}\n]\n")


if __name__ == "__main__":
    main()
