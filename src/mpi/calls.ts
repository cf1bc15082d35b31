/** The MPI functions in use, bound to a loaded library, each with its C prototype; the binding says nothing of what they mean. */
import { PshmemError } from "../errors.ts";
import type { AbiTable } from "./abi/types.ts";
import type { NativeFunction, NativeLibrary } from "../native/native.ts";

/** The functions by name. Pointers are typed arrays, or what `pointerTo` says of them; handles are numbers. */
export type MpiCalls = Readonly<Record<keyof typeof PROTOTYPES, NativeFunction>>;

/**
 * `handle` stands for MPI_Comm, MPI_Datatype and so on passed by value; `ptr` for a typed array, a pointer as a bigint, or null; `address`
 * for a pointer given as a number, or an MPI_Aint.
 */
const PROTOTYPES = {
  // int MPI_Init_thread(int *argc, char ***argv, int required, int *provided)
  MPI_Init_thread: ["ptr", "ptr", "int", "ptr"],
  // int MPI_Initialized(int *flag)
  MPI_Initialized: ["ptr"],
  // int MPI_Finalize(void)
  MPI_Finalize: [],
  // int MPI_Abort(MPI_Comm comm, int errorcode)
  MPI_Abort: ["handle", "int"],
  // int MPI_Error_class(int errorcode, int *errorclass)
  MPI_Error_class: ["int", "ptr"],
  // int MPI_Error_string(int errorcode, char *string, int *resultlen)
  MPI_Error_string: ["int", "ptr", "ptr"],
  // int MPI_Comm_set_errhandler(MPI_Comm comm, MPI_Errhandler errhandler)
  MPI_Comm_set_errhandler: ["handle", "handle"],
  // int MPI_Comm_rank(MPI_Comm comm, int *rank)
  MPI_Comm_rank: ["handle", "ptr"],
  // int MPI_Comm_size(MPI_Comm comm, int *size)
  MPI_Comm_size: ["handle", "ptr"],
  // int MPI_Comm_idup(MPI_Comm comm, MPI_Comm *newcomm, MPI_Request *request)
  MPI_Comm_idup: ["handle", "ptr", "ptr"],
  // int MPI_Comm_split_type(MPI_Comm comm, int split_type, int key, MPI_Info info, MPI_Comm *newcomm)
  MPI_Comm_split_type: ["handle", "int", "int", "handle", "ptr"],
  // int MPI_Comm_free(MPI_Comm *comm)
  MPI_Comm_free: ["ptr"],
  // int MPI_Ibarrier(MPI_Comm comm, MPI_Request *request)
  MPI_Ibarrier: ["handle", "ptr"],
  // int MPI_Bcast(void *buffer, int count, MPI_Datatype datatype, int root, MPI_Comm comm)
  MPI_Bcast: ["ptr", "int", "handle", "int", "handle"],
  // int MPI_Iallgather(const void *sendbuf, int sendcount, MPI_Datatype sendtype, void *recvbuf, int recvcount,
  //                    MPI_Datatype recvtype, MPI_Comm comm, MPI_Request *request)
  MPI_Iallgather: ["ptr", "int", "handle", "ptr", "int", "handle", "handle", "ptr"],
  // int MPI_Isend(const void *buf, int count, MPI_Datatype datatype, int dest, int tag, MPI_Comm comm, MPI_Request *request)
  MPI_Isend: ["ptr", "int", "handle", "int", "int", "handle", "ptr"],
  // int MPI_Irecv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Request *request)
  MPI_Irecv: ["ptr", "int", "handle", "int", "int", "handle", "ptr"],
  // int MPI_Recv(void *buf, int count, MPI_Datatype datatype, int source, int tag, MPI_Comm comm, MPI_Status *status)
  MPI_Recv: ["ptr", "int", "handle", "int", "int", "handle", "ptr"],
  // int MPI_Iprobe(int source, int tag, MPI_Comm comm, int *flag, MPI_Status *status)
  MPI_Iprobe: ["int", "int", "handle", "ptr", "ptr"],
  // int MPI_Test(MPI_Request *request, int *flag, MPI_Status *status)
  MPI_Test: ["ptr", "ptr", "ptr"],
  // int MPI_Win_create_dynamic(MPI_Info info, MPI_Comm comm, MPI_Win *win)
  MPI_Win_create_dynamic: ["handle", "handle", "ptr"],
  // int MPI_Win_attach(MPI_Win win, void *base, MPI_Aint size)
  MPI_Win_attach: ["handle", "address", "address"],
  // int MPI_Win_detach(MPI_Win win, const void *base)
  MPI_Win_detach: ["handle", "address"],
  // int MPI_Win_free(MPI_Win *win)
  MPI_Win_free: ["ptr"],
  // int MPI_Win_set_errhandler(MPI_Win win, MPI_Errhandler errhandler)
  MPI_Win_set_errhandler: ["handle", "handle"],
  // int MPI_Win_lock_all(int assert, MPI_Win win)
  MPI_Win_lock_all: ["int", "handle"],
  // int MPI_Win_unlock_all(MPI_Win win)
  MPI_Win_unlock_all: ["handle"],
  // int MPI_Win_flush(int rank, MPI_Win win)
  MPI_Win_flush: ["int", "handle"],
  // int MPI_Win_sync(MPI_Win win)
  MPI_Win_sync: ["handle"],
  // int MPI_Put(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp,
  //             int target_count, MPI_Datatype target_datatype, MPI_Win win)
  MPI_Put: ["ptr", "int", "handle", "int", "address", "int", "handle", "handle"],
  // int MPI_Get(void *origin_addr, int origin_count, MPI_Datatype origin_datatype, int target_rank, MPI_Aint target_disp,
  //             int target_count, MPI_Datatype target_datatype, MPI_Win win)
  MPI_Get: ["ptr", "int", "handle", "int", "address", "int", "handle", "handle"],
  // int MPI_Get_accumulate(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, void *result_addr,
  //                        int result_count, MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp,
  //                        int target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win)
  MPI_Get_accumulate: [
    "ptr",
    "int",
    "handle",
    "ptr",
    "int",
    "handle",
    "int",
    "address",
    "int",
    "handle",
    "handle",
    "handle",
  ],
  // int MPI_Rget_accumulate(const void *origin_addr, int origin_count, MPI_Datatype origin_datatype, void *result_addr,
  //                         int result_count, MPI_Datatype result_datatype, int target_rank, MPI_Aint target_disp,
  //                         int target_count, MPI_Datatype target_datatype, MPI_Op op, MPI_Win win, MPI_Request *request)
  MPI_Rget_accumulate: [
    "ptr",
    "int",
    "handle",
    "ptr",
    "int",
    "handle",
    "int",
    "address",
    "int",
    "handle",
    "handle",
    "handle",
    "ptr",
  ],
  // int MPI_Fetch_and_op(const void *origin_addr, void *result_addr, MPI_Datatype datatype, int target_rank,
  //                      MPI_Aint target_disp, MPI_Op op, MPI_Win win)
  MPI_Fetch_and_op: ["ptr", "ptr", "handle", "int", "address", "handle", "handle"],
  // int MPI_Compare_and_swap(const void *origin_addr, const void *compare_addr, void *result_addr, MPI_Datatype datatype,
  //                          int target_rank, MPI_Aint target_disp, MPI_Win win)
  MPI_Compare_and_swap: ["ptr", "ptr", "ptr", "handle", "int", "address", "handle"],
} as const;

/** Local: all functions of the table. @throws BAD_LAUNCH when the library lacks one */
export function bindCalls(library: NativeLibrary, abi: AbiTable, path: string): MpiCalls {
  const types = { handle: abi.handleType, ptr: "void *", address: "intptr_t", int: "int" };
  const bind = ([name, args]: [string, readonly (keyof typeof types)[]]): [string, NativeFunction] => {
    try {
      return [
        name,
        library.bind(
          name,
          "int",
          args.map((arg) => types[arg]),
        ),
      ];
    } catch (error) {
      const text = `${path} has no ${name}: it is not a whole MPI 3 library; point PSHMEM_MPI_LIBRARY at another`;
      throw new PshmemError("BAD_LAUNCH", text, { path, expected: name, cause: error });
    }
  };
  return Object.fromEntries(Object.entries(PROTOTYPES).map(bind)) as MpiCalls;
}
