/**
 * Memory that the processes of one node share. On Linux a memfd, which other processes open through /proc and which has no name, so
 * that nothing is left behind however a job ends; elsewhere, or where /proc cannot be used (a container per rank), a
 * named object that is unlinked as soon as all have it.
 */
import { closeSync, fstatSync, openSync, statfsSync } from "node:fs";
import { PshmemError } from "../errors.ts";
import { availableBytes } from "../node/available.ts";
import type { Memory } from "../node/heap.ts";
import { takeInSteps } from "../node/ledger.ts";
import { forget, mapShared, readableOf, systemFailure } from "./mapping.ts";
import { native } from "./native.ts";
import { countAttached, countReleased, Offers } from "./offers.ts";
import { MFD_CLOEXEC, posix } from "./posix.ts";

/** How a node's processes hand memory to one another. */
export type MemoryMethod = "memfd" | "named";

const O_RDWR = 2;
const O_CREAT = process.platform === "darwin" ? 0x200 : 0x40;
const O_EXCL = process.platform === "darwin" ? 0x800 : 0x80;
const OWNER_ONLY = 0o600;
/** Where Linux keeps named objects. */
const NAMES_FOLDER = "/dev/shm";

/**
 * A block's id is the number of its descriptor and, above that, a serial number: the system gives a closed descriptor's number away again,
 * while others still know the block they have mapped by its id. Ids are positive int32.
 */
const DESCRIPTORS = 2 ** 16;
const SERIALS = 2 ** 15;

/** Who makes the memory, and how. */
export interface MemorySite {
  readonly method: MemoryMethod;
  /** Tells this job's names from all others'. */
  readonly job: string;
  /** The world rank whose memory it is. */
  readonly me: number;
  /** World rank → process, on this node. */
  readonly pidOf: (rank: number) => number;
  /** Whether users get a mapping that can only be read. */
  readonly guarded: boolean;
}

/** {@link Memory} of one process, or of one rank of a process that has several. */
export class ProcessMemory implements Memory {
  /** All pages are had at once. */
  readonly promised = null;
  readonly #site: MemorySite;
  readonly #offers: Offers;
  #nextName = 0;
  /** Ids of blocks that this rank has not released. */
  readonly #ids = new Set<number>();
  readonly #idOf = new WeakMap<ArrayBufferLike, number>();
  #serial = 0;

  constructor(site: MemorySite) {
    this.#site = site;
    const keeps = site.method === "memfd" && !site.guarded;
    this.#offers = new Offers((id, fd) => this.#close(id, fd), keeps);
  }

  /** Also where nothing is kept, as with a guard that other ranks need not have: all try as often to get memory. */
  readonly collect = (): void => this.#offers.drop();

  create(bytes: number, audience: readonly number[]): { id: number; buffer: ArrayBuffer } {
    this.#offers.closeTaken();
    native().checkView(bytes);
    const { id, fd, buffer } = this.#again(bytes) ?? this.#new(bytes);
    this.#ids.add(id);
    this.#idOf.set(buffer, id);
    const others = audience.filter((rank) => rank !== this.#site.me).length;
    this.#offers.add(id, fd, buffer, others);
    return { id, buffer };
  }

  attach(owner: number, id: number): ArrayBuffer {
    const fd = this.#open(owner, id);
    const close = this.#site.method === "memfd" ? closeSync : posix().close;
    let buffer: ArrayBuffer;
    try {
      buffer = mapShared(fd, fstatSync(fd).size, this.#site.guarded);
    } finally {
      close(fd);
    }
    countAttached(buffer);
    return buffer;
  }

  readable(buffer: ArrayBufferLike): ArrayBufferLike {
    return readableOf(buffer);
  }

  release(buffer: ArrayBuffer): void {
    const id = this.#idOf.get(buffer);
    if (id === undefined) {
      countReleased(buffer);
      forget(buffer);
      return;
    }
    this.#ids.delete(id);
    this.#offers.release(buffer);
  }

  withdraw(id: number): void {
    this.#offers.withdraw(id);
  }

  /** Local: gives up the names that are left, at the end of the job. */
  end(): void {
    this.#offers.end();
  }

  #again(bytes: number): { id: number; fd: number; buffer: ArrayBuffer } | null {
    const found = this.#offers.again(bytes);
    return found && { ...found, id: this.#idFor(found.fd) };
  }

  #new(bytes: number): { id: number; fd: number; buffer: ArrayBuffer } {
    const { id, fd } = this.#make();
    return { id, fd, buffer: this.#fill(id, fd, bytes) };
  }

  #make(): { id: number; fd: number } {
    const { memfd_create: create, shm_open: open } = posix();
    if (this.#site.method === "memfd") {
      const fd = create!("pshmem", MFD_CLOEXEC);
      if (fd < 0) throw systemFailure("memfd_create", 0);
      return { id: this.#idFor(fd), fd };
    }
    const id = this.#nextName++;
    const fd = open(this.#nameOf(this.#site.me, id), O_RDWR + O_CREAT + O_EXCL, OWNER_ONLY);
    if (fd < 0) throw systemFailure("shm_open", 0);
    return { id, fd };
  }

  #idFor(fd: number): number {
    for (let tries = fd < DESCRIPTORS ? SERIALS : 0; tries > 0; tries--) {
      this.#serial = (this.#serial + 1) % SERIALS;
      const id = this.#serial * DESCRIPTORS + fd;
      if (!this.#ids.has(id)) return id;
    }
    posix().close(fd);
    const text = `descriptor ${fd} cannot stand for one more block of shared memory: too many are in use; close arrays, or make fewer`;
    throw new PshmemError("NO_MEMORY", text, { actual: fd });
  }

  /** Every page is had now: a lack of memory is an error here, not a bus error at some later store. */
  #fill(id: number, fd: number, bytes: number): ArrayBuffer {
    try {
      this.#allocate(fd, bytes);
      return mapShared(fd, bytes, this.#site.guarded);
    } catch (error) {
      this.#close(id, fd);
      throw error;
    }
  }

  #allocate(fd: number, bytes: number): void {
    const { fallocate, ftruncate } = posix();
    if (!fallocate) {
      if (ftruncate(fd, bytes) !== 0) throw systemFailure("ftruncate", bytes);
      return;
    }
    takeInSteps(bytes, (offset, length) => {
      if (fallocate(fd, 0, offset, length) === 0) return;
      throw systemFailure("fallocate", bytes, () => offset + this.#left());
    });
  }

  /** Bytes that are left for more: names are files, whose folder may be small. */
  #left(): number {
    const available = availableBytes();
    if (this.#site.method === "memfd") return available;
    const { bavail, bsize } = statfsSync(NAMES_FOLDER);
    return Math.min(available, bavail * bsize);
  }

  #open(owner: number, id: number): number {
    if (this.#site.method === "memfd")
      return openSync(`/proc/${this.#site.pidOf(owner)}/fd/${id % DESCRIPTORS}`, "r+");
    const fd = posix().shm_open(this.#nameOf(owner, id), O_RDWR, 0);
    if (fd < 0) throw systemFailure("shm_open", 0);
    return fd;
  }

  /** macOS allows 31 characters. */
  #nameOf(owner: number, id: number): string {
    return `/psh${this.#site.job}.${owner.toString(36)}.${id.toString(36)}`;
  }

  #close(id: number, fd: number): void {
    posix().close(fd);
    if (this.#site.method === "named") posix().shm_unlink(this.#nameOf(this.#site.me, id));
  }
}
