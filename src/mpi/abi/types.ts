/** What every table must define, in this order: all that differs between MPI libraries and that this package uses. */

/** A handle: an int in the MPICH ABI, an address or a small number in a pointer in the others. */
export type Handle = number;

/** The constants and layouts of one MPI ABI. */
export interface AbiTable {
  readonly name: "mpich" | "openmpi" | "standard";
  /** C type of handles when passed by value. */
  readonly handleType: "int" | "intptr_t";
  /** Communicators. */
  readonly COMM_WORLD: Handle;
  /** Error handlers. */
  readonly ERRORS_RETURN: Handle;
  /** Datatypes. */
  readonly BYTE: Handle;
  readonly INT32: Handle;
  readonly INT64: Handle;
  /** Operations. */
  readonly SUM: Handle;
  readonly REPLACE: Handle;
  readonly NO_OP: Handle;
  /** Info objects. */
  readonly INFO_NULL: Handle;
  /** Integer constants. */
  readonly ANY_SOURCE: number;
  readonly COMM_TYPE_SHARED: number;
  readonly MODE_NOCHECK: number;
  readonly THREAD_FUNNELED: number;
  readonly THREAD_MULTIPLE: number;
  readonly MAX_LIBRARY_VERSION_STRING: number;
  readonly MAX_ERROR_STRING: number;
  /** `MPI_Status`: 32-bit words it takes, and the place of the source in them. */
  readonly statusWords: number;
  readonly statusSource: number;
}

/** Looks up the address of a symbol that a library must export. @throws BAD_LAUNCH */
export type Lookup = (symbol: string) => number;
