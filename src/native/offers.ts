/**
 * The blocks that this rank has made for others of its node: their descriptors, or names, until all have attached; and, of the large blocks, the few
 * that were closed last, for the next array of as many bytes. The system takes ten times as long to give zeroed pages, and to take them
 * back, as it takes to fill pages with zeros that this process has mapped already.
 *
 * A kept block is held by its descriptor, and mapped where no view of a closed array can see it. It is used again when all others have let go of it.
 */
import { availableBytes } from "../node/available.ts";
import { forget, moveAway } from "./mapping.ts";

/** Word of a block: in bits 0–15 the ranks that have attached, in bits 16–31 those that have let go; the owner not among them. */
const OTHERS = 1;
const HAS_ATTACHED = 1;
const HAS_RELEASED = 2 ** 16;

/** The least bytes of a block that is kept: smaller ones are had as fast. */
const LEAST_KEPT = 1024 * 1024;
/** Two that take turns: one that is closed here is mostly in use elsewhere when the next is made. */
const MOST_KEPT = 2;
/** Their part of the memory that is there when they are closed. */
const KEPT_PART = 1 / 64;

/** A block whose descriptor, or name, is open. */
interface Offer {
  readonly id: number;
  readonly fd: number;
  readonly buffer: ArrayBuffer;
  readonly others: number;
  /** What this rank has done with it since: a released block stays mapped, for only in it can be seen when all have attached. */
  readonly state: "in use" | "released" | "kept";
}

/** A block that can be used again, all zeros. */
export interface Again {
  readonly fd: number;
  readonly buffer: ArrayBuffer;
}

/** The offers of one rank. All members are local; none blocks. */
export class Offers {
  readonly #close: (id: number, fd: number) => void;
  readonly #keeps: boolean;
  readonly #available: () => number;
  /** In the order in which they were made or, if they were closed since, closed. */
  #offers: Offer[] = [];

  /** `close` gives up a block's descriptor or name; `keeps`: whether to keep large blocks. */
  constructor(close: (id: number, fd: number) => void, keeps: boolean, available = availableBytes) {
    this.#close = close;
    this.#keeps = keeps;
    this.#available = available;
  }

  /** A block that so many others may attach to. */
  add(id: number, fd: number, buffer: ArrayBuffer, others: number): void {
    this.#offers.push({ id, fd, buffer, others, state: "in use" });
  }

  /** A kept block of so many bytes, which is kept no more; null if there is none. */
  again(bytes: number): Again | null {
    const found = this.#offers.find(
      (offer) => offer.state === "kept" && offer.buffer.byteLength === bytes && isFree(offer),
    );
    if (!found) return null;
    this.#remove(found);
    new Uint8Array(found.buffer).fill(0);
    return found;
  }

  /** This rank no longer uses a block of its own. */
  release(buffer: ArrayBuffer): void {
    const found = this.#offers.find((offer) => offer.buffer === buffer);
    if (!found) {
      forget(buffer);
      return;
    }
    this.#remove(found);
    const moved = this.#isKept(buffer.byteLength) ? moveAway(buffer) : null;
    this.#offers.push(moved ? { ...found, buffer: moved, state: "kept" } : { ...found, state: "released" });
    this.closeTaken();
  }

  /** Takes back a block that nobody will attach to. */
  withdraw(id: number): void {
    const found = this.#offers.find((offer) => offer.id === id && offer.state !== "kept");
    if (!found) return;
    this.#remove(found);
    this.#close(id, found.fd);
  }

  /** Descriptors and names of blocks that all have attached to are of no more use, but for the few that are or will be kept. */
  closeTaken(): void {
    const keepable = this.#keeps ? this.#offers.filter(isKeepable).slice(-MOST_KEPT) : [];
    this.#offers = this.#offers.filter((offer) => {
      if (keepable.includes(offer) || !isTaken(offer)) return true;
      this.#close(offer.id, offer.fd);
      if (offer.state !== "in use") forget(offer.buffer);
      return false;
    });
  }

  /** Gives back what is kept. */
  drop(): void {
    this.#offers = this.#offers.map((offer) =>
      offer.state === "kept" ? { ...offer, state: "released" } : offer,
    );
    this.closeTaken();
  }

  /** Gives up the descriptors and names that are left, and what is kept. */
  end(): void {
    for (const { id, fd, buffer, state } of this.#offers) {
      this.#close(id, fd);
      if (state === "kept") forget(buffer);
    }
    this.#offers = [];
  }

  #isKept(bytes: number): boolean {
    if (!this.#keeps || bytes < LEAST_KEPT) return false;
    const kept = this.#offers.filter(({ state }) => state === "kept").map(({ buffer }) => buffer.byteLength);
    const most = kept.slice(1 - MOST_KEPT).reduce((sum, one) => sum + one, bytes);
    return most <= this.#available() * KEPT_PART;
  }

  #remove(offer: Offer): void {
    this.#offers = this.#offers.filter((one) => one !== offer);
  }
}

/** Another rank has mapped a block of this node. Local. */
export function countAttached(buffer: ArrayBuffer): void {
  Atomics.add(wordsOf(buffer), OTHERS, HAS_ATTACHED);
}

/** Another rank will not touch a block any more that it has attached to. Local. */
export function countReleased(buffer: ArrayBuffer): void {
  Atomics.add(wordsOf(buffer), OTHERS, HAS_RELEASED);
}

function isKeepable({ state, buffer }: Offer): boolean {
  return state !== "released" && buffer.byteLength >= LEAST_KEPT;
}

function isTaken({ buffer, others }: Offer): boolean {
  return (Atomics.load(wordsOf(buffer), OTHERS) & (HAS_RELEASED - 1)) >= others;
}

function isFree({ buffer, others }: Offer): boolean {
  return Atomics.load(wordsOf(buffer), OTHERS) >>> 16 >= others;
}

function wordsOf(buffer: ArrayBuffer): Int32Array {
  return new Int32Array(buffer, 0, 2);
}
