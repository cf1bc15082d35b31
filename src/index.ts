/**
 * Ranks that share arrays, take turns, and work through tasks in groups: on worker threads, and unchanged under MPI.
 *
 * @module
 */
export { world } from "./world.ts";
export { exceptionGuard } from "./exception-guard.ts";
export type { ExceptionGuardOptions } from "./exception-guard.ts";
export { MPIShared } from "./shared/shared.ts";
export type { SetOptions } from "./shared/shared.ts";
export type { PieceOptions } from "./shared/joint.ts";
export type { Block, WriteRegion } from "./shared/scope.ts";
export type { ReuseOptions } from "./shared/reuse.ts";
export { MPIBatch } from "./batch/batch.ts";
export type { BatchOptions } from "./batch/plan.ts";
export type { RunReport, TaskFailure } from "./batch/report.ts";
export type { Progress, RunOptions, TaskContext, TaskFunction } from "./batch/run.ts";
export type { TaskState } from "./batch/states.ts";
export type { NextTaskOptions } from "./batch/worker.ts";
export type { WaitOptions } from "./lock/arguments.ts";
export { MPICondition } from "./lock/condition.ts";
export { MPICounter } from "./lock/counter.ts";
export type { MPICounterOptions } from "./lock/counter.ts";
export type { LockGuard, LockMode } from "./lock/guard.ts";
export { MPILock } from "./lock/lock.ts";
export type { AcquireOptions, MPILockOptions } from "./lock/lock.ts";
export { MPISemaphore } from "./lock/semaphore.ts";
export type { MPISemaphoreOptions } from "./lock/semaphore.ts";
export type { LockState } from "./lock/state.ts";
export { DTYPES } from "./array/dtype.ts";
export type { Complex, DType, ReadonlyTypedArrayOf, Scalar, TypedArrayOf } from "./array/dtype.ts";
export type { Axis, SliceText } from "./array/slice.ts";
export type { NdArrayLike, NdSource } from "./array/source.ts";
export type { View, WritableView } from "./array/view.ts";
export { ANY_SOURCE, ANY_TAG, MAX_TAG } from "./comm/contract.ts";
export type {
  AnyTypedArray,
  BackendName,
  Communicator,
  FetchOp,
  Match,
  Message,
  MessageInfo,
  ReduceOp,
  Request,
  Topology,
  Window,
} from "./comm/contract.ts";
export { ERROR_CODES, isPshmemError, PshmemError, RankLostError } from "./errors.ts";
export type { ErrorCode, ErrorFields } from "./errors.ts";
export { MPIError } from "./mpi/check.ts";
