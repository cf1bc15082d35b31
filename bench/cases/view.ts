/** Reading elements through a view, beside a loop over the typed array under it. */
import { MPIShared, type Communicator } from "pshmem";
import type { Case, Side } from "../case.ts";

/** More than four: with so many kinds in one program, code that they share is no longer compiled for each. */
const DTYPES = ["float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8"] as const;
const SIDE = 64;

type Array2 = MPIShared<(typeof DTYPES)[number], readonly [number, number]>;
/** `least`: see {@link leastViewOf}. */
type Sum = (array: Array2, least: object) => number;

let loops = 0;

/**
 * Compiled anew each time, so that each array has a loop of its own, as programs have; a shared loop would measure itself. The
 * number makes each text another: of the same text the engine compiles one function for all.
 */
function compile(body: string): Sum {
  // oxlint-disable-next-line typescript/no-implied-eval -- a function literal would be one function for all arrays
  return new Function("array", "least", `// ${loops++}\n${body}`) as Sum;
}

/** The least that a view with strides can do: it finds the place of an element, and looks at nothing. A class for each array, as views have for each dtype. */
function leastViewOf({ data, shape: [, columns] }: Array2): object {
  const body = `// ${loops++}
    return class {
      constructor(data, offset, s0, s1) { Object.assign(this, { data, offset, s0, s1 }); }
      get(i, j) {
        const { offset, s0, s1 } = this;
        const place = (offset + Math.imul(i, s0) + Math.imul(j, s1)) | 0;
        return this.data[place];
      }
    };`;
  // oxlint-disable-next-line typescript/no-implied-eval -- as above
  const View = new Function(body)() as new (...parts: unknown[]) => object;
  return new View(data, 0, columns, 1);
}

/** Not all whole numbers where the dtype has others: sums of whole numbers in floats are compiled differently. */
function fill(array: Array2): void {
  const part = array.dtype.startsWith("float") ? 0.5 : 0;
  const data = Array.from({ length: SIDE * SIDE }, (_, i) => (i % 100) + part);
  array.set(data, { shape: [SIDE, SIDE] });
}

const throughGet = (view: string): string => `
  let sum = 0;
  const [rows, columns] = array.shape;
  const view = ${view};
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sum += view.get(i, j);
  return sum;`;

const OVER_DATA = `
  let sum = 0;
  const [rows, columns] = array.shape;
  const data = array.data;
  for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sum += data[i * columns + j];
  return sum;`;

function summing(comm: Communicator, body: string): Side {
  const arrays = DTYPES.map((dtype) => {
    const array: Array2 = new MPIShared([SIDE, SIDE] as const, dtype, comm);
    fill(array);
    return { array, least: leastViewOf(array), sum: compile(body) };
  });
  let expected = 0;
  for (const { array } of arrays) for (const element of array.data) expected += element;
  return {
    turn(ops) {
      const start = performance.now();
      let total = 0;
      for (let i = 0; i < ops; i++) for (const { array, least, sum } of arrays) total += sum(array, least);
      const took = performance.now() - start;
      if (total !== ops * expected) throw new Error(`the sum was ${total}, not ${ops * expected}`);
      return took;
    },
    close: () => arrays.forEach(({ array }) => array.close()),
  };
}

export const readElements: Case = {
  id: "read",
  title: `reading through views ${DTYPES.length} × ${SIDE} × ${SIDE} elements, each array of another dtype`,
  unit: "time",
  sizeIs: "none",
  sizes: [0],
  settings: ["threads-1", "openmpi-1"],
  value: "each",
  ours: ({ comm }) => summing(comm, throughGet("array.at(null, null)")),
  references: [
    {
      name: "a loop over the typed array",
      where: "rank",
      make: ({ comm }) => summing(comm, OVER_DATA),
      goal: () => 1 / 1.5,
    },
    {
      name: "a view that checks nothing",
      where: "rank",
      make: ({ comm }) => summing(comm, throughGet("least")),
    },
    {
      name: "get of the array itself",
      where: "rank",
      make: ({ comm }) => summing(comm, throughGet("array")),
    },
  ],
};
