/**
 * The Open MPI ABI: handles are the addresses of exported variables. Header: `mpi.h` of Open MPI 4.1.4 (libmpi.so.40), the
 * same in 5.0 and 6.0, whose library kept its name.
 */
import type { AbiTable, Lookup } from "./types.ts";

/** Local: the table for a library as it is loaded. */
export function openMpiAbi(address: Lookup): AbiTable {
  return {
    name: "openmpi",
    handleType: "intptr_t",
    COMM_WORLD: address("ompi_mpi_comm_world"),
    ERRORS_RETURN: address("ompi_mpi_errors_return"),
    BYTE: address("ompi_mpi_byte"),
    INT32: address("ompi_mpi_int32_t"),
    INT64: address("ompi_mpi_int64_t"),
    SUM: address("ompi_mpi_op_sum"),
    REPLACE: address("ompi_mpi_op_replace"),
    NO_OP: address("ompi_mpi_op_no_op"),
    INFO_NULL: address("ompi_mpi_info_null"),
    ANY_SOURCE: -1,
    COMM_TYPE_SHARED: 0,
    MODE_NOCHECK: 1,
    THREAD_FUNNELED: 1,
    THREAD_MULTIPLE: 3,
    MAX_LIBRARY_VERSION_STRING: 256,
    MAX_ERROR_STRING: 256,
    statusWords: 6,
    statusSource: 0,
  };
}
