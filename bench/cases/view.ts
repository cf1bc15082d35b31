/** Reading elements through a view, beside a loop over the typed array under it. */
import { MPIShared, type Communicator } from "pshmem";
import type { Case, Side } from "../case.ts";

/** More than four: with so many kinds in one program, code that they share is no longer compiled for each. */
const DTYPES = ["float64", "float32", "int32", "uint32", "int16", "uint16", "int8", "uint8"] as const;
const SIDE = 64;

type OneOf = (typeof DTYPES)[number];
/** `least`: see {@link leastViewOf}. */
type Sum = (array: MPIShared<OneOf>, least: object) => number;

/** Arrays of so many elements along each axis, and how a loop goes over them. */
interface Layout {
  readonly shape: readonly number[];
  /** Every element through `view.get`. */
  readonly through: string;
  /** Every element of `data`. */
  readonly over: string;
  readonly whole: string;
  readonly least: string;
}

const MATRIX: Layout = {
  shape: [SIDE, SIDE],
  through: "for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sum += view.get(i, j);",
  over: "for (let i = 0; i < rows; i++) for (let j = 0; j < columns; j++) sum += data[i * columns + j];",
  whole: "array.at(null, null)",
  least: `get(i, j) {
    const { offset, s0, s1 } = this;
    const place = (offset + Math.imul(i, s0) + Math.imul(j, s1)) | 0;
    return this.data[place];
  }`,
};

const LINE: Layout = {
  shape: [SIDE * SIDE],
  through: "for (let i = 0; i < rows; i++) sum += view.get(i);",
  over: "for (let i = 0; i < rows; i++) sum += data[i];",
  whole: "array.at(null)",
  least: `get(i) {
    const { offset, s0 } = this;
    const place = (offset + Math.imul(i, s0)) | 0;
    return this.data[place];
  }`,
};

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
function leastViewOf({ data, shape: [, columns = 1] }: MPIShared<OneOf>, { least }: Layout): object {
  const body = `// ${loops++}
    return class {
      constructor(data, offset, s0, s1) { Object.assign(this, { data, offset, s0, s1 }); }
      ${least}
    };`;
  // oxlint-disable-next-line typescript/no-implied-eval -- as above
  const View = new Function(body)() as new (...parts: unknown[]) => object;
  return new View(data, 0, columns, 1);
}

/** Not all whole numbers where the dtype has others: sums of whole numbers in floats are compiled differently. */
function fill(array: MPIShared<OneOf>): void {
  const part = array.dtype.startsWith("float") ? 0.5 : 0;
  const data = Array.from({ length: SIDE * SIDE }, (_, i) => (i % 100) + part);
  array.set(data, { shape: array.shape });
}

const throughGet = ({ through }: Layout, view: string): string => `
  let sum = 0;
  const [rows, columns] = array.shape;
  const view = ${view};
  ${through}
  return sum;`;

const overData = ({ over }: Layout): string => `
  let sum = 0;
  const [rows, columns] = array.shape;
  const data = array.data;
  ${over}
  return sum;`;

function summing(comm: Communicator, layout: Layout, body: string): Side {
  const arrays = DTYPES.map((dtype) => {
    const array: MPIShared<OneOf> = new MPIShared(layout.shape, dtype, comm);
    fill(array);
    return { array, least: leastViewOf(array, layout), sum: compile(body) };
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

function reading(id: string, layout: Layout): Case {
  const through =
    (view: string) =>
    ({ comm }: { readonly comm: Communicator }): Side =>
      summing(comm, layout, throughGet(layout, view));
  return {
    id,
    title: `reading through views ${DTYPES.length} × ${layout.shape.join(" × ")} elements, each array of another dtype`,
    unit: "time",
    sizeIs: "none",
    sizes: [0],
    settings: ["threads-1", "openmpi-1"],
    value: "each",
    ours: through(layout.whole),
    references: [
      {
        name: "a loop over the typed array",
        where: "rank",
        make: ({ comm }) => summing(comm, layout, overData(layout)),
        goal: () => 1 / 1.5,
      },
      { name: "a view that checks nothing", where: "rank", make: through("least") },
      { name: "get of the array itself", where: "rank", make: through("array") },
    ],
  };
}

export const readMatrix = reading("read", MATRIX);
export const readLine = reading("read-line", LINE);
