/**
 * The standard ABI of MPI 5.0 (MPI-5.0 chapter 20 and appendix A; header `mpi_abi.h`, libmpi_abi.so.1), which MPICH 5 and Open MPI 6
 * offer beside their own: handles are small numbers in pointers. Compared with the headers of MPICH 5.0.2 and
 * Open MPI 6.0.0rc2.
 */
import type { AbiTable } from "./types.ts";

/** Local: the table; nothing in it depends on where the library is loaded. */
export function standardAbi(): AbiTable {
  return {
    name: "standard",
    handleType: "intptr_t",
    COMM_WORLD: 0x101,
    ERRORS_RETURN: 0x143,
    BYTE: 0x247,
    INT32: 0x250,
    INT64: 0x258,
    SUM: 0x21,
    REPLACE: 0x3c,
    NO_OP: 0x3d,
    INFO_NULL: 0x130,
    ANY_SOURCE: -1,
    COMM_TYPE_SHARED: 221,
    MODE_NOCHECK: 1024,
    THREAD_FUNNELED: 1024,
    THREAD_MULTIPLE: 4096,
    MAX_LIBRARY_VERSION_STRING: 8192,
    MAX_ERROR_STRING: 512,
    statusWords: 8,
    statusSource: 0,
  };
}
