/** The system calls in use, each with its C prototype: memory that processes share, and sleeping on a word of it. */
import { native, type NativeFunction, type NativeTask } from "./native.ts";

/** The functions. Addresses and sizes are numbers; `null` pointers are null. */
export interface Posix {
  readonly mmap: NativeFunction;
  readonly munmap: NativeFunction;
  readonly mremap: NativeFunction | null;
  readonly memfd_create: NativeFunction | null;
  readonly fallocate: NativeFunction | null;
  readonly ftruncate: NativeFunction;
  /** For descriptors that these functions have made: in a thread `closeSync` warns of them. */
  readonly close: NativeFunction;
  readonly shm_open: NativeFunction;
  readonly shm_unlink: NativeFunction;
  readonly syscall: NativeFunction | null;
  readonly syscall_task: NativeTask | null;
  readonly syscall_of_ints: NativeFunction | null;
  readonly sched_yield: NativeFunction;
  /** Of typed arrays; returns the address of the first. */
  readonly memmove: NativeFunction;
  /** Of addresses. */
  readonly memcpy: NativeFunction;
  readonly os_sync_wait_on_address_with_timeout: NativeFunction | null;
  readonly os_sync_wait_on_address_with_timeout_task: NativeTask | null;
  readonly os_sync_wake_by_address_all: NativeFunction | null;
}

export const PROT_READ = 1;
export const PROT_READ_WRITE = 3;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_FIXED = 0x10;
export const MAP_ANONYMOUS = process.platform === "darwin" ? 0x1000 : 0x20;
export const MREMAP_MAYMOVE = 1;
export const MREMAP_DONTUNMAP = 4;
export const MFD_CLOEXEC = 1;

const FUTEX = ["long", "void *", "int", "int", "void *", "void *", "int"];
const OS_SYNC_WAIT = ["void *", "uint64_t", "size_t", "uint32_t", "uint32_t", "uint64_t"];

let bound: Posix | undefined;

/** Local: the C library's functions, bound at the first use. */
export function posix(): Posix {
  bound ??= bind();
  return bound;
}

function bind(): Posix {
  const libc = native().load(null, false);
  const linux = process.platform === "linux";
  const darwin = process.platform === "darwin";
  return {
    // void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
    mmap: libc.bind("mmap", "intptr_t", ["intptr_t", "size_t", "int", "int", "int", "int64_t"]),
    // int munmap(void *addr, size_t length)
    munmap: libc.bind("munmap", "int", ["intptr_t", "size_t"]),
    // void *mremap(void *old, size_t old_size, size_t new_size, int flags, void *new)
    mremap: linux
      ? libc.bind("mremap", "intptr_t", ["intptr_t", "size_t", "size_t", "int", "intptr_t"])
      : null,
    // int memfd_create(const char *name, unsigned int flags)
    memfd_create: linux ? libc.bind("memfd_create", "int", ["str", "uint"]) : null,
    // int fallocate(int fd, int mode, off_t offset, off_t len)
    fallocate: linux ? libc.bind("fallocate", "int", ["int", "int", "int64_t", "int64_t"]) : null,
    // int ftruncate(int fd, off_t length)
    ftruncate: libc.bind("ftruncate", "int", ["int", "int64_t"]),
    // int close(int fd)
    close: libc.bind("close", "int", ["int"]),
    // int shm_open(const char *name, int oflag, mode_t mode)
    shm_open: libc.bind("shm_open", "int", ["str", "int", "uint"]),
    // int shm_unlink(const char *name)
    shm_unlink: libc.bind("shm_unlink", "int", ["str"]),
    // long syscall(long number, uint32_t *uaddr, int op, uint32_t val, const struct timespec *timeout, uint32_t *uaddr2, uint32_t val3)
    syscall: linux ? libc.bind("syscall", "long", FUTEX) : null,
    syscall_task: linux ? libc.bindTask("syscall", "long", FUTEX) : null,
    // long syscall(long number, int a, int b, int c)
    syscall_of_ints: linux ? libc.bind("syscall", "long", ["long", "int", "int", "int"]) : null,
    // int sched_yield(void)
    sched_yield: libc.bind("sched_yield", "int", []),
    // void *memmove(void *dest, const void *src, size_t n)
    memmove: libc.bind("memmove", "intptr_t", ["void *", "void *", "size_t"]),
    // void *memcpy(void *dest, const void *src, size_t n)
    memcpy: libc.bind("memcpy", "intptr_t", ["intptr_t", "intptr_t", "size_t"]),
    // int os_sync_wait_on_address_with_timeout(void *addr, uint64_t value, size_t size, uint32_t flags, uint32_t clock, uint64_t ns)
    os_sync_wait_on_address_with_timeout: darwin
      ? libc.bind("os_sync_wait_on_address_with_timeout", "int", OS_SYNC_WAIT)
      : null,
    os_sync_wait_on_address_with_timeout_task: darwin
      ? libc.bindTask("os_sync_wait_on_address_with_timeout", "int", OS_SYNC_WAIT)
      : null,
    // int os_sync_wake_by_address_all(void *addr, size_t size, uint32_t flags)
    os_sync_wake_by_address_all: darwin
      ? libc.bind("os_sync_wake_by_address_all", "int", ["void *", "size_t", "uint32_t"])
      : null,
  };
}
