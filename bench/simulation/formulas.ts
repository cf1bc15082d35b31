/**
 * How many messages, bytes and one-sided operations each call costs, exactly. The tables of `docs/scaling.md` are printed from these
 * rows, and `test/scaling` holds the library to them.
 */
import { encodeValue } from "../../src/comm/values.ts";
import * as is from "./quantities.ts";
import { times, type Formula } from "./quantities.ts";

/** Operations on words: by whoever makes the call, wherever the words are. */
export interface Accesses {
  readonly atomic: number;
  /** In no order with others': on shared memory, a load or store. */
  readonly plain: number;
  /** Wake-ups. */
  readonly rings: number;
  /** Those of all these that concern a rank on another node: two messages each, but one for a wake-up. */
  readonly remote: Formula;
}

/** What a call costs: all ranks together. */
export interface Cost {
  /** Messages between nodes. */
  readonly across: Formula;
  /** Bytes in them, without the 24 of a courier's head. */
  readonly bytes: Formula;
  /** Messages between ranks of one node, by pipes in shared memory. */
  readonly inside: Formula;
  readonly accesses?: Accesses;
}

/** Bytes of a statement of what a rank is about to do: eight words. */
const STATEMENT = 32;
/** A slab that lies in one row, with the number before it that says how long its description is. */
const SLAB = 24;
/** The same in a message of its own, with the byte before it that says whether its pieces come. */
const SLAB_OF_PIECES = 17;
/** A request for an operation on a word, and its answer. */
const [REQUEST, ANSWER] = [20, 4];
/** A request that nobody answers says nothing of an answer. */
const RING = REQUEST - 4;
/** Words that lie beside each other: what an entry of a lock reads, and what it writes; the halves of a counter's number. */
const [RUN, PAIR] = [3, 2];
/** One rank tells another that it has closed a handle. */
const CLOSED = 8;

/** One meeting in which nothing travels but statements. */
const MEETING: Cost = { across: [[1, is.N, is.ROUNDS]], bytes: [[STATEMENT, is.N, is.ROUNDS]], inside: [] };

/** Sums what calls cost that are made one after the other. */
function together(...costs: readonly Cost[]): Cost {
  return {
    across: collected(costs.flatMap(({ across }) => across)),
    bytes: collected(costs.flatMap(({ bytes }) => bytes)),
    inside: collected(costs.flatMap(({ inside }) => inside)),
    accesses: costs.find(({ accesses }) => accesses)?.accesses,
  };
}

/** Terms in the same quantities become one. */
function collected(terms: Formula): Formula {
  const sums = new Map<string, Formula[number]>();
  for (const [factor, ...quantities] of terms) {
    const key = quantities.map(({ name }) => name).join();
    sums.set(key, [(sums.get(key)?.[0] ?? 0) + factor, ...quantities]);
  }
  return [...sums.values()];
}

/** The root's payload in a meeting: once to each other node. */
function carried(payload: Formula): Cost {
  return { across: [], bytes: times(payload, is.EDGES), inside: [] };
}

/** From the root to all, down the trees. */
function toAll(bytes: Formula): Cost {
  return { across: [[1, is.EDGES]], bytes: times(bytes, is.EDGES), inside: [[1, is.FOLLOWERS]] };
}

/** Between the root and each other rank, directly. */
const BETWEEN_ROOT_AND_EACH: Cost = {
  across: [[1, is.FAR]],
  bytes: [[1, is.BYTES, is.FAR]],
  inside: [[1, is.MATES]],
};

/** Each rank's bytes to rank 0, and all of them, with their number and lengths, to all. */
function allToAll(bytes: Formula): Cost {
  const toFirst: Cost = {
    across: [[1, is.FAR_FROM_FIRST]],
    bytes: times(bytes, is.FAR_FROM_FIRST),
    inside: [[1, is.MATES_OF_FIRST]],
  };
  return together(toFirst, toAll([[8], [8, is.P], ...times(bytes, is.P)]));
}

function onSeveralNodes({ across, bytes, inside }: Cost): Cost {
  return { across, bytes, inside: times(inside, is.SEVERAL) };
}

function whereTogether({ across, bytes, inside }: Cost): Cost {
  return {
    across: times(across, is.TOGETHER),
    bytes: times(bytes, is.TOGETHER),
    inside: times(inside, is.TOGETHER),
  };
}

const GATHERED_SMALL = together(MEETING, onSeveralNodes(allToAll([[1, is.BYTES]])));
const GATHERED_LARGE = together(MEETING, allToAll([[1, is.BYTES]]));
const IN_A_CHAIN: Cost = together(MEETING, {
  across: [[1, is.FAR_NEIGHBOURS]],
  bytes: [[1, is.BYTES, is.FAR_NEIGHBOURS]],
  inside: [[1, is.NEAR_NEIGHBOURS]],
});
const NEW_COMMUNICATOR = together(MEETING, allToAll([[24]]), MEETING);
const SET_SMALL = together(MEETING, carried([[SLAB], [1, is.BYTES]]));
const SET_IN_PIECES = together(MEETING, {
  across: [
    [1, is.UNLED, is.EDGES],
    [1, is.PIECES, is.EDGES],
  ],
  bytes: [
    [SLAB, is.LED, is.EDGES],
    [SLAB_OF_PIECES, is.UNLED, is.EDGES],
    [1, is.BYTES, is.EDGES],
  ],
  inside: [],
});

/** What each rank tells of one part of an array of one dimension: how many there are, and start, step and count. */
const PART = 32;
const PARTS_TOLD = together(MEETING, onSeveralNodes(allToAll([[PART]])));
/** Every rank's part, from each leader to the next: short ones of a node in one message. */
const AROUND_THE_RING: Cost = {
  across: [[1, is.N, is.EDGES]],
  bytes: [[1, is.BYTES, is.P, is.EDGES]],
  inside: [],
};
const AROUND_IN_PIECES: Cost = { ...AROUND_THE_RING, across: [[1, is.PIECES, is.P, is.EDGES]] };

/** The words of the shape and dtype that ranks agree on, as the tests make the array. */
export const ABOUT = "shape [262144], dtype float64";

/**
 * A second meeting where several ranks of a node map memory that is new to them; an array of less than 128 KiB is mostly carved from
 * what they know, and takes one.
 */
const NEW_ARRAY = together(MEETING, whereTogether(MEETING), {
  across: [],
  bytes: [[new TextEncoder().encode(ABOUT).length, is.N, is.ROUNDS]],
  inside: [],
});

/** An object on words ends when rank 0 has heard of all ranks, and all of rank 0. */
const WORDS_CLOSED: Cost = {
  across: [[2, is.FAR_FROM_FIRST]],
  bytes: [[2 * CLOSED, is.FAR_FROM_FIRST]],
  inside: [[2, is.MATES_OF_FIRST, is.SEVERAL]],
};

/** A request for a run of words, and its answer: the words are in one of the two. */
function ofARun(words: number): number {
  return 16 + 4 * words;
}

/** A local call that works on words of the root; of the plain ones so many each are in one run. */
function onWords(atomic: number, plain: number, ...runs: readonly number[]): Cost {
  const single = runs.reduce((left, words) => left - words, atomic + plain);
  const requests = single + runs.length;
  const bytes = runs.reduce((sum, words) => sum + ofARun(words), (REQUEST + ANSWER) * single);
  return {
    across: [[2 * requests, is.CALLER_FAR]],
    bytes: [[bytes, is.CALLER_FAR]],
    inside: [],
    accesses: { atomic, plain, rings: 0, remote: [[requests, is.CALLER_FAR]] },
  };
}

/** The same with accesses to words of the caller's own, which nobody has to be asked for. */
function withOwn(cost: Cost, atomic: number, plain: number): Cost {
  const { accesses } = cost;
  if (!accesses) throw new Error("a call on words accesses some");
  return {
    ...cost,
    accesses: { ...accesses, atomic: accesses.atomic + atomic, plain: accesses.plain + plain },
  };
}

/** The holder: tickets, slot, the other one's word, its bell. The other one: ticket, slot, its own word, slot, two runs. */
const HAND_OVER: Cost = {
  across: [
    [4, is.CALLER_FAR],
    [3, is.APART],
    [10, is.WAITER_FAR],
  ],
  bytes: [
    [2 * (REQUEST + ANSWER), is.CALLER_FAR],
    [REQUEST + ANSWER + RING, is.APART],
    [3 * (REQUEST + ANSWER) + 2 * ofARun(RUN), is.WAITER_FAR],
  ],
  inside: [],
  accesses: {
    atomic: 6,
    plain: 7,
    rings: 1,
    remote: [
      [2, is.CALLER_FAR],
      [2, is.APART],
      [5, is.WAITER_FAR],
    ],
  },
};

/** Handing out a task to all ranks of a worker which are all ranks. */
const HANDED_OUT = together(MEETING, { across: [], bytes: [[8, is.EDGES]], inside: [] });

/** What a run ends with: each rank brings what it knows; the outcomes are three words a task. */
const EMPTY_SHARE = encodeValue({ halted: false, failures: [], outcomes: new Int32Array(0) }).length;
const REPORT: Cost = onSeveralNodes({
  across: [
    [1, is.FAR_FROM_FIRST],
    [1, is.EDGES],
  ],
  bytes: [
    [EMPTY_SHARE, is.FAR_FROM_FIRST],
    [8, is.EDGES],
    [8 + EMPTY_SHARE, is.P, is.EDGES],
    [12, is.TASKS, is.EDGES],
  ],
  inside: [
    [1, is.MATES_OF_FIRST],
    [1, is.FOLLOWERS],
  ],
});

function perTask({ across, bytes, inside }: Cost): Cost {
  return { across: times(across, is.TASKS), bytes: times(bytes, is.TASKS), inside: times(inside, is.TASKS) };
}

/** A request on a window: what is asked and what is answered, as values. */
function onWindow(request: object, answer: unknown): Cost {
  const bytes = ANSWER + encodeValue(request).length + encodeValue(answer).length;
  return { across: [[2, is.CALLER_FAR]], bytes: [[bytes, is.CALLER_FAR]], inside: [] };
}

const ONE = Float64Array.of(1);

/** By call, as the tables name it. */
export const COSTS = {
  barrier: MEETING,
  "bcast, a small value": together(MEETING, carried([[1], [1, is.BYTES]])),
  "bcast, a large value": together(MEETING, carried([[1]]), toAll([[1, is.BYTES]])),
  gather: together(MEETING, BETWEEN_ROOT_AND_EACH),
  scatter: together(MEETING, BETWEEN_ROOT_AND_EACH),
  reduce: together(MEETING, BETWEEN_ROOT_AND_EACH),
  "allgather, small values": GATHERED_SMALL,
  "allgather, large values": GATHERED_LARGE,
  "allreduce, small values": GATHERED_SMALL,
  "allreduce, large values": GATHERED_LARGE,
  alltoall: together(MEETING, {
    across: [[1, is.FAR_PAIRS]],
    bytes: [[1, is.BYTES, is.FAR_PAIRS]],
    inside: [[1, is.NEAR_PAIRS]],
  }),
  scan: IN_A_CHAIN,
  exscan: IN_A_CHAIN,
  split: NEW_COMMUNICATOR,
  dup: NEW_COMMUNICATOR,
  free: MEETING,
  "new MPIShared, the first on a communicator": together(NEW_ARRAY, NEW_COMMUNICATOR),
  "new MPIShared, a further one": NEW_ARRAY,
  "set, small": SET_SMALL,
  "set, in pieces": SET_IN_PIECES,
  "assign, small": together(MEETING, onSeveralNodes(allToAll([[1]])), SET_SMALL),
  "setAll, small": together(PARTS_TOLD, MEETING, AROUND_THE_RING),
  "setAll, in pieces": together(PARTS_TOLD, MEETING, AROUND_IN_PIECES),
  "MPIShared.write": { across: [], bytes: [], inside: [] },
  "sync, a small part of each rank": together(PARTS_TOLD, AROUND_THE_RING),
  "MPIShared.close": { across: [], bytes: [], inside: [] },
  "new MPILock": MEETING,
  "lock, free": withOwn(onWords(1, 6, RUN, RUN), 0, 1),
  "unlock, nobody waits": withOwn(onWords(1, 0), 0, 1),
  "unlock, and the lock of the one who waits": withOwn(HAND_OVER, 2, 2),
  "MPILock.close": WORDS_CLOSED,
  "new MPICounter": MEETING,
  "MPICounter.next": withOwn(onWords(2, 3, PAIR), 1, 1),
  "new MPISemaphore": MEETING,
  "MPISemaphore.acquire, free": withOwn(onWords(3, 4, RUN), 1, 2),
  "release of a permit": withOwn(onWords(1, 0), 1, 2),
  "new MPIBatch, the first of its worker size": together(MEETING, MEETING, carried([[12]]), NEW_COMMUNICATOR),
  "nextTask, a worker of one rank": onWords(5, 0),
  "setTaskState DONE, the first of a batch": onWords(3, 0),
  "setTaskState DONE, a further one": onWords(2, 0),
  "nextTask, a worker of all ranks": {
    ...HANDED_OUT,
    accesses: { atomic: 5, plain: 0, rings: 0, remote: [] },
  },
  "run, a worker of all ranks": together(
    MEETING,
    HANDED_OUT,
    perTask(HANDED_OUT),
    perTask(MEETING),
    MEETING,
    MEETING,
    REPORT,
    WORDS_CLOSED,
  ),
  allocateWindow: together(MEETING, allToAll([[8]]), MEETING),
  "Window.get of one element": onWindow({ do: "get", offset: 0, count: 1 }, ONE),
  "Window.put of one element, flush": onWindow({ do: "put", offset: 0, values: ONE }, undefined),
  "Window.fetchAndOp": onWindow({ do: "fetchAndOp", offset: 0, value: 0.5, op: "sum" }, 0.5),
} as const satisfies Record<string, Cost>;

/** The name of a call in the tables. */
export type CallName = keyof typeof COSTS;
