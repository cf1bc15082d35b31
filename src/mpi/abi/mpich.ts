/**
 * The MPICH ABI: handles are ints. Header: `mpi.h` of MPICH 4.0.2 (libmpich.so.12, libmpi.so.12), the same since 3.1, in 5.0.2, and in
 * Intel MPI, MVAPICH and Cray MPICH (https://www.mpich.org/abi/).
 */
import type { AbiTable } from "./types.ts";

/** Local: the table; nothing in it depends on where the library is loaded. */
export function mpichAbi(): AbiTable {
  return {
    name: "mpich",
    handleType: "int",
    COMM_WORLD: 0x44000000,
    ERRORS_RETURN: 0x54000001,
    BYTE: 0x4c00010d,
    INT32: 0x4c000439,
    INT64: 0x4c00083a,
    SUM: 0x58000003,
    REPLACE: 0x5800000d,
    NO_OP: 0x5800000e,
    INFO_NULL: 0x1c000000,
    ANY_SOURCE: -2,
    COMM_TYPE_SHARED: 1,
    MODE_NOCHECK: 1024,
    THREAD_FUNNELED: 1,
    THREAD_MULTIPLE: 3,
    MAX_LIBRARY_VERSION_STRING: 8192,
    MAX_ERROR_STRING: 512,
    statusWords: 5,
    statusSource: 2,
  };
}
