/**
 * Memory that the processes of one node share. On Linux a memfd, which other processes open through /proc and which has no name, so
 * that nothing is left behind however a job ends; elsewhere, or where /proc cannot be used (a container per rank), a
 * named object that is unlinked as soon as all have it.
 */
import { closeSync, fstatSync, openSync, readFileSync } from "node:fs";
import { freemem } from "node:os";
import { PshmemError } from "../errors.ts";
import type { Memory } from "../node/heap.ts";
import { native } from "./native.ts";
import {
  MAP_ANONYMOUS,
  MAP_FIXED,
  MAP_PRIVATE,
  MAP_SHARED,
  MFD_CLOEXEC,
  PROT_READ_WRITE,
  posix,
} from "./posix.ts";

/** How a node's processes hand memory to one another. */
export type MemoryMethod = "memfd" | "named";

const O_RDWR = 2;
const O_CREAT = process.platform === "darwin" ? 0x200 : 0x40;
const O_EXCL = process.platform === "darwin" ? 0x800 : 0x80;
const OWNER_ONLY = 0o600;

/**
 * A block's id is the number of its descriptor and, above that, a serial number: the system gives a closed descriptor's number away again,
 * while others still know the block they have mapped by its id. Ids are positive int32.
 */
const DESCRIPTORS = 2 ** 16;
const SERIALS = 2 ** 15;

/** Word of a block which counts the ranks that have attached, the owner not among them; each adds one after mapping. */
const ATTACHED = 1;

/** A block of this rank whose descriptor or name others still need. */
interface Offered {
  readonly id: number;
  readonly fd: number;
  readonly words: Int32Array;
  readonly others: number;
  /** Whether this rank has released it meanwhile: it stays mapped, for only in it can be seen when all have attached. */
  released: boolean;
}

/** {@link Memory} of one process. */
export class ProcessMemory implements Memory {
  readonly #method: MemoryMethod;
  readonly #job: string;
  readonly #me: number;
  /** World rank → process, on this node. */
  readonly #pidOf: (rank: number) => number;
  #offered: Offered[] = [];
  #nextName = 0;
  /** Ids of blocks that this rank has not released. */
  readonly #ids = new Set<number>();
  readonly #idOf = new WeakMap<ArrayBufferLike, number>();
  #serial = 0;

  /** `job` tells this job's names from all others'. */
  constructor(method: MemoryMethod, job: string, me: number, pidOf: (rank: number) => number) {
    this.#method = method;
    this.#job = job;
    this.#me = me;
    this.#pidOf = pidOf;
  }

  create(bytes: number, audience: readonly number[]): { id: number; buffer: ArrayBuffer } {
    this.#closeTaken();
    checkAvailable(bytes);
    const { id, fd } = this.#make();
    const buffer = this.#fill(id, fd, bytes);
    this.#ids.add(id);
    this.#idOf.set(buffer, id);
    const words = new Int32Array(buffer, 0, 2);
    const others = audience.filter((rank) => rank !== this.#me).length;
    this.#offered.push({ id, fd, words, others, released: false });
    return { id, buffer };
  }

  attach(owner: number, id: number): ArrayBuffer {
    const fd = this.#open(owner, id);
    const buffer = mapShared(fd, fstatSync(fd).size);
    closeSync(fd);
    Atomics.add(new Int32Array(buffer, 0, 2), ATTACHED, 1);
    return buffer;
  }

  release(buffer: ArrayBufferLike): void {
    const id = this.#idOf.get(buffer);
    if (id !== undefined) this.#ids.delete(id);
    this.#closeTaken();
    const offered = this.#offered.find(({ words }) => words.buffer === buffer);
    if (offered) offered.released = true;
    else forget(buffer);
  }

  withdraw(id: number): void {
    const found = this.#offered.find((offered) => offered.id === id);
    if (!found) return;
    this.#close(found);
    this.#offered = this.#offered.filter((offered) => offered !== found);
  }

  /** Local: gives up the names that are left, at the end of the job. */
  end(): void {
    for (const offered of this.#offered) this.#close(offered);
    this.#offered = [];
  }

  #make(): { id: number; fd: number } {
    const { memfd_create: create, shm_open: open } = posix();
    if (this.#method === "memfd") {
      const fd = create!("pshmem", MFD_CLOEXEC);
      if (fd < 0) throw failed("memfd_create", 0);
      return { id: this.#idFor(fd), fd };
    }
    const id = this.#nextName++;
    const fd = open(this.#nameOf(this.#me, id), O_RDWR + O_CREAT + O_EXCL, OWNER_ONLY);
    if (fd < 0) throw failed("shm_open", 0);
    return { id, fd };
  }

  #idFor(fd: number): number {
    for (let tries = fd < DESCRIPTORS ? SERIALS : 0; tries > 0; tries--) {
      this.#serial = (this.#serial + 1) % SERIALS;
      const id = this.#serial * DESCRIPTORS + fd;
      if (!this.#ids.has(id)) return id;
    }
    closeSync(fd);
    const text = `descriptor ${fd} cannot stand for one more block of shared memory: too many are in use; close arrays, or make fewer`;
    throw new PshmemError("NO_MEMORY", text, { actual: fd });
  }

  /** Every page is had now: a lack of memory is an error here, not a bus error at some later store. */
  #fill(id: number, fd: number, bytes: number): ArrayBuffer {
    const { fallocate, ftruncate } = posix();
    const code = fallocate ? fallocate(fd, 0, 0, bytes) : ftruncate(fd, bytes);
    if (code === 0) return mapShared(fd, bytes);
    const error = failed("fallocate", bytes);
    this.#close({ id, fd });
    throw error;
  }

  #open(owner: number, id: number): number {
    if (this.#method === "memfd") return openSync(`/proc/${this.#pidOf(owner)}/fd/${id % DESCRIPTORS}`, "r+");
    const fd = posix().shm_open(this.#nameOf(owner, id), O_RDWR, 0);
    if (fd < 0) throw failed("shm_open", 0);
    return fd;
  }

  /** macOS allows 31 characters. */
  #nameOf(owner: number, id: number): string {
    return `/psh${this.#job}.${owner.toString(36)}.${id.toString(36)}`;
  }

  /** Descriptors and names of blocks that all have attached to are of no more use. */
  #closeTaken(): void {
    this.#offered = this.#offered.filter((offered) => {
      const taken = Atomics.load(offered.words, ATTACHED) >= offered.others;
      if (taken) this.#close(offered);
      if (taken && offered.released) forget(offered.words.buffer);
      return !taken;
    });
  }

  #close({ id, fd }: Pick<Offered, "id" | "fd">): void {
    closeSync(fd);
    if (this.#method === "named") posix().shm_unlink(this.#nameOf(this.#me, id));
  }
}

/** Addresses of mapped buffers, for as long as these live. */
const addresses = new WeakMap<ArrayBufferLike, number>();

/** Unmaps a range when its buffer has been collected: no view of it can exist any more. */
const unmapper = new FinalizationRegistry<{ address: number; bytes: number }>(({ address, bytes }) => {
  posix().munmap(address, bytes);
});

function mapShared(fd: number, bytes: number): ArrayBuffer {
  const address = posix().mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED, fd, 0);
  if (address === -1) throw failed("mmap", bytes);
  return viewMapped(address, bytes);
}

function viewMapped(address: number, bytes: number): ArrayBuffer {
  const buffer = native().view(address, bytes);
  addresses.set(buffer, address);
  unmapper.register(buffer, { address, bytes });
  return buffer;
}

/** Local: zeroed memory of this process alone. @throws NO_MEMORY */
export function mapOwn(bytes: number): ArrayBuffer {
  checkAvailable(bytes);
  const address = posix().mmap(0, bytes, PROT_READ_WRITE, MAP_PRIVATE + MAP_ANONYMOUS, -1, 0);
  if (address === -1) throw failed("mmap", bytes);
  return viewMapped(address, bytes);
}

/** Local: where a block of shared memory, or of {@link mapOwn}, lies in this process. */
export function addressOf(buffer: ArrayBufferLike): number {
  return addresses.get(buffer)!;
}

/**
 * Local: gives the memory back while views may still exist: fresh private zero pages take its addresses, so that a stale view reads zeros
 * and cannot end the process.
 */
export function forget(buffer: ArrayBufferLike): void {
  const address = addresses.get(buffer);
  if (address === undefined) return;
  posix().mmap(address, buffer.byteLength, PROT_READ_WRITE, MAP_PRIVATE + MAP_ANONYMOUS + MAP_FIXED, -1, 0);
}

/** Refuses what the machine cannot have: the kernel would rather end processes than say no. */
function checkAvailable(bytes: number): void {
  const available = availableBytes();
  if (bytes <= available) return;
  const text = `${bytes} bytes of shared memory are wanted, ${available} are available; ask for less, or give the machine more`;
  throw new PshmemError("NO_MEMORY", text, { bytes, available });
}

function availableBytes(): number {
  const limits = [machineBytes(), groupBytes()];
  return Math.min(...limits);
}

function machineBytes(): number {
  const line = readText("/proc/meminfo").match(/^MemAvailable:\s+(\d+) kB$/m);
  return line ? Number(line[1]) * 1024 : freemem();
}

/** What a container may still use (control groups version 2). */
function groupBytes(): number {
  const most = Number.parseInt(readText("/sys/fs/cgroup/memory.max"), 10);
  const used = Number.parseInt(readText("/sys/fs/cgroup/memory.current"), 10);
  return Number.isNaN(most) || Number.isNaN(used) ? Infinity : Math.max(0, most - used);
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

function failed(call: string, bytes: number): PshmemError {
  const code = native().errno();
  const text = `${call} failed for shared memory of ${bytes} bytes (errno ${code}); see whether memory or descriptors have run out`;
  return new PshmemError("NO_MEMORY", text, { bytes, call });
}
