/**
 * One rank's long data, copied into the memory of a node by several ranks at once, each some parts of it: a core by itself does not use
 * all of the memory's bandwidth, and takes little into its cache at a time. Where ranks can read what another has in memory of its own, all
 * they need is the address.
 */
import { slabBytes, type Slab } from "../array/slab.ts";
import type { PshmemError } from "../errors.ts";
import { partBytesOf } from "../node/handout.ts";
import type { Reach } from "../node/reach.ts";
import { PAYLOAD_BYTES, type Call, type Writing } from "./engine.ts";
import { LongData } from "./long-data.ts";
import type { Losses } from "./losses.ts";
import type { Memory } from "./pieces.ts";
import { asFault } from "./verdict.ts";
import { decodeSlab, encodeSlab } from "./wire.ts";

/** Shorter data is copied by its owner, in less time than the second meeting takes where ranks have to be woken for it. */
const SHARED_BYTES = 2 ** 18;

/** What the root shows: how many ranks copy, the address of its data, and after these the slab; each as float64. */
const READERS = 0;
const ADDRESS = 1;
const HEAD_BYTES = 2 * Float64Array.BYTES_PER_ELEMENT;

/** The ranks that share the copying: all of them on one node. */
interface Company {
  readonly rank: number;
  readonly size: number;
  readonly losses: Pick<Losses, "gone">;
  meet(call: Call, location?: undefined, writing?: Writing): void;
  /** After a meeting: what its root has shown. */
  readonly shown: Uint8Array;
  /** After a meeting: 0, 1, 2 … in the name of a rank, each to one rank, until the next meeting. */
  takeNumberOf(rank: number): number;
}

/** Shared copying among the ranks of one communicator, for one rank. */
export class Sharing {
  readonly #company: Company;
  readonly #reach: Reach;
  readonly #offering: Offering;

  constructor(company: Company, reach: Reach) {
    this.#company = company;
    this.#reach = reach;
    this.#offering = new Offering(reach, Math.min(company.size, reach.readers), company.losses);
  }

  /**
   * Collective, blocking: see `Segment.update`. Long data takes two meetings: in the first one its owner shows where it is, and stays in
   * the call until the second, after the copying, is over.
   */
  update(call: Call, writing: Writing): void {
    this.#offering.writing = writing;
    this.#company.meet(call, undefined, this.#offering);
    const { shown } = this.#company;
    if (shown.length === 0) return;
    const { op, object, root } = call;
    this.#company.meet({ op, object, root, fault: this.#copyParts(writing.memory, shown.slice()) });
  }

  #copyParts(memory: Memory, shown: Uint8Array): PshmemError | undefined {
    const head = new Float64Array(shown.buffer, 0, 2);
    const slab = decodeSlab(shown.subarray(HEAD_BYTES))!;
    const [bytes, readers] = [slabBytes(slab), head[READERS]];
    try {
      const partBytes = partBytesOf(bytes, readers, this.#reach.leastPartBytes(head[ADDRESS], memory, slab));
      for (const part of this.#partsOf(Math.ceil(bytes / partBytes), readers)) {
        const from = part * partBytes;
        this.#reach.read(head[ADDRESS], memory, slab, from, Math.min(from + partBytes, bytes));
      }
      return undefined;
    } catch (error) {
      return asFault(error);
    }
  }

  /** The parts of this rank's own stretch, then what others have left of theirs: one may come late, or have lost its core. */
  *#partsOf(count: number, readers: number): Generator<number, void, void> {
    const { rank } = this.#company;
    const startOf = (reader: number) => Math.floor((count * reader) / readers);
    if (rank >= readers) return;
    for (let turn = 0; turn < readers; turn++) {
      const whose = (rank + turn) % readers;
      const take = () => startOf(whose) + this.#company.takeNumberOf(whose);
      for (let part = take(); part < startOf(whose + 1); part = take()) yield part;
    }
  }
}

/** Writes short data, and shows where long data is. */
class Offering extends LongData {
  readonly #reach: Reach;
  readonly #readers: number;
  readonly #losses: Pick<Losses, "gone">;
  #isAble: boolean;

  constructor(reach: Reach, readers: number, losses: Pick<Losses, "gone">) {
    super(SHARED_BYTES);
    this.#reach = reach;
    this.#losses = losses;
    this.#readers = readers;
    this.#isAble = readers > 1;
  }

  protected withHelp(source: Uint8Array, where: Slab): Uint8Array | null {
    // A rank that has gone may have failed; then the others are ended a moment later, and an owner's memory must not go while it is read.
    // (Ends that nobody announces, an abort or a signal, may still come in the midst of a copy: the process ends with them.)
    if (!this.#isAble || this.#losses.gone > 0) return null;
    const slab = encodeSlab(where);
    if (HEAD_BYTES + slab.length > PAYLOAD_BYTES) return null;
    try {
      const head = Float64Array.of(this.#readers, this.#reach.addressOf(source));
      const offer = new Uint8Array(HEAD_BYTES + slab.length);
      offer.set(new Uint8Array(head.buffer));
      offer.set(slab, HEAD_BYTES);
      return offer;
    } catch {
      // Threads need koffi for nothing else: without it they do without.
      this.#isAble = false;
      return null;
    }
  }
}
