#!/usr/bin/env node
/**
 * Writes src/array/accessors/: view classes for each dtype, for one to four dimensions, and for all of one.
 *
 * Code through which more than about four kinds of typed array pass takes 50 to 120 ns for each element instead of 2, for ever.
 * So each dtype gets source of its own, which the engine compiles by itself. And a `get` that may give an element or a view makes
 * the engine allocate each number that it returns; with the number of dimensions known, the number of arguments tells
 * which it is before the code is compiled. Nothing else goes in here but finding the element's place for `get`: what does not
 * touch the elements one by one is in src/array/base.ts and src/array/geometry.ts.
 *
 * `get` is a method of the class, never a function of one view: for one view in one loop that would be quicker, but Node 20 no longer sees through a
 * call that met several such functions, and takes three times as long where several views of a dtype pass through one loop.
 *
 * node scripts/generate-accessors.js          writes the files
 * node scripts/generate-accessors.js --check  says which files differ, and fails if any does
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../src/array/accessors/", import.meta.url));
const HEADER = "// Written by scripts/generate-accessors.js: change that, not this.\n";

/** How a dtype's element is checked, made of what `data` has at its place, and written there. */
const plain = { type: "number", get: "found", set: ["this.data[at] = value;"] };
const whole = { ...plain, type: "bigint" };
const bool = { type: "boolean", get: "found !== 0", set: ["this.data[at] = value ? 1 : 0;"] };
const half = {
  type: "number",
  get: "this.bits ? halfToNumber(found) : found",
  set: ["this.data[at] = this.bits ? numberToHalf(value) : value;"],
  fields: ["  protected readonly bits = this.data instanceof Uint16Array;", ""],
  imports: ['import { halfToNumber, numberToHalf } from "../float16.ts";'],
};
const complex = {
  lanes: 2,
  at: "2 * place",
  get: "{ re: found, im: data[2 * place + 1] }",
  set: ["this.data[2 * at] = value.re;", "this.data[2 * at + 1] = value.im;"],
};

const KINDS = {
  int8: plain,
  uint8: plain,
  int16: plain,
  uint16: plain,
  int32: plain,
  uint32: plain,
  int64: whole,
  uint64: whole,
  float16: half,
  float32: plain,
  float64: plain,
  complex64: complex,
  complex128: complex,
  bool,
};

const className = (dtype) => `${dtype[0].toUpperCase()}${dtype.slice(1)}View`;

const AXES = [
  { index: "i", given: "i0", place: "a", extent: "n0", stride: "s0" },
  { index: "j", given: "j0", place: "b", extent: "n1", stride: "s1" },
  { index: "k", given: "k0", place: "c", extent: "n2", stride: "s2" },
  { index: "l", given: "l0", place: "d", extent: "n3", stride: "s3" },
];

/** Broken where the formatter breaks it. */
function constant(name, value) {
  const line = `    const ${name} = ${value};`;
  return line.length <= 110 ? `${line}\n` : `    const ${name} =\n      ${value};\n`;
}

const parametersOf = (axes) => axes.map(({ index }) => `${index}?: number`).join(", ");

/** An index, which may be anything, as a whole number. */
const givenAs = ({ index, given }) =>
  `    const ${given} = typeof ${index} === "number" ? ${index} | 0 : -1;\n`;

/** Where an index is on the last axis. Of a loop that counts up the engine knows that no index is negative, and leaves the choice out. */
const placeOnLast = ({ index, given, place, extent }) =>
  `    const ${place} = (${given} + (typeof ${index} === "number" && ${index} < 0 ? ${extent} : 0)) | 0;\n`;

/**
 * The same on the other axes, by arithmetic, which moves out of a loop over the last one. With a choice there too, loops along columns are a
 * fifth quicker, but loops that count down, and indices of which the engine knows nothing, take half as long again.
 */
const placeOnOther = ({ given, place, extent }) =>
  `    const ${place} = (${given} + (${extent} & (${given} >> 31))) | 0;\n`;

/**
 * Where a row along the last axis begins; one that is none at −2³¹. From there its places, less than 2³¹ on, are below 0. Where they go down they are those
 * from 2³¹ down: past the end of data that is not longer than 2³⁰, and such views of longer data have the class for far places.
 */
function rowOf(others) {
  const out = others.map(({ place, extent }) => `${place} | ~(${place} - ${extent})`).join(" | ");
  const start = ["offset", ...others.map(({ place, stride }) => `Math.imul(${place}, ${stride})`)].join(
    " + ",
  );
  const row = `((${start}) & ~out) | (out << 31)`;
  return constant("out", `(${out}) >> 31`) + constant("row", row);
}

/** From `place` to the element. */
const elementAt = ({ at = "place", get }) => `    const { data } = this;
    const found = data[${at}];
    if (found === undefined) return this.getOther(arguments);
    return ${get};
`;

const readerOf = (dtype) => `
  override reader(): BaseView<"${dtype}">["get"] {
    return (...index) => this.get(...index);
  }
`;

/**
 * The class for views of `count` dimensions; `get` there is one expression of what was `found` in `data` `at` a place.
 *
 * The engine takes what never changes out of a loop, and keeps the sum of the loop unboxed, only where nothing in the loop leads out
 * of it. A test whose one side never ran does lead out, if that side does more than name a value. So indices that are refused become a place below 0, past
 * the array's own bounds: those are checked anyway, and until such an index is met the test for `undefined` costs nothing. That indices
 * are missing is asked of the last parameter, since `arguments` are seen through too late.
 *
 * Only the last index is compared with its extent. The others are tested by their signs, in arithmetic that moves out of the loop as a whole: a
 * comparison would stay in, and take two registers, of which there are too few for the sum of the loop already.
 *
 * It is one function, and a short one: into a loop the engine takes 920 bytes of its code, which are three of these with two indices. `data` is
 * read last: read with the rest, elements of the rows of a loop take three times as long on Node 24. `Math.imul` is not taken apart: bundled, a constant of
 * the module is a variable, which Node 20 reads and checks for each product, and a loop over a matrix takes 1.3 times as long.
 */
function ofDimensions(dtype, count, kind) {
  const axes = AXES.slice(0, count);
  const others = axes.slice(0, -1);
  const last = axes.at(-1);
  const fields = [...axes.map(({ extent }) => extent), ...axes.map(({ stride }) => stride)];
  const inside = [
    `arguments.length <= ${count}`,
    ...axes.map(({ index, given }) => `${given} === ${index}`),
    `${last.place} >>> 0 < ${last.extent} >>> 0`,
  ];
  const otherwise = `
    if (${last.index} === undefined) return this.getOther(arguments);`;
  return `
class ${className(dtype)}${count} extends ${className(dtype)} {
${fields.map((field) => `  declare protected readonly ${field}: number;\n`).join("")}
  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super(data, geometry, permit);
    const { shape, strides } = geometry;
${axes.map(({ extent }, axis) => `    this.${extent} = shape[${axis}];\n`).join("")}${axes
    .map(({ stride }, axis) => `    this.${stride} = strides[${axis}];\n`)
    .join("")}  }

  override get(${parametersOf(axes)}): Item {${count > 1 ? otherwise : ""}
    const { offset, ${fields.join(", ")} } = this;
${axes.map(givenAs).join("")}${others.map(placeOnOther).join("")}${placeOnLast(last)}${count > 1 ? rowOf(others) : ""}    const near = (${count > 1 ? "row" : "offset"} + Math.imul(${last.place}, ${last.stride})) | 0;
${constant("inside", inside.join(" && "))}    const place = inside ? near : -1;
${elementAt(kind)}  }
${readerOf(dtype)}${count === 1 ? ELEMENTS : ""}}
`;
}

/** The class for views of all that `data` has, along one axis: what is no index is past the bounds of the array already. */
function ofWhole(dtype, kind) {
  const axes = AXES.slice(0, 1);
  return `
class ${className(dtype)}Whole extends ${className(dtype)}1 {
  override get(${parametersOf(axes)}): Item {
    const { n0 } = this;
${axes.map(givenAs).join("")}${axes.map(placeOnLast).join("")}    const place = arguments.length <= 1 && i0 === i ? a : -1;
${elementAt(kind)}  }
${readerOf(dtype)}}
`;
}

// One object literal for both ends of the walk: the engine can leave out an object that is made in one place only.
const ELEMENTS = `
  override [Symbol.iterator](): IterableIterator<Item> {
    let i = 0;
    const next = (): IteratorResult<Item, undefined> => {
      const done = i >= this.n0;
      return { done, value: done ? undefined : this.get(i++) } as IteratorResult<Item, undefined>;
    };
    return {
      next,
      [Symbol.iterator]() {
        return this;
      },
    };
  }
`;

/** A list on one line where that is what the formatter makes of it. */
function listOf(names) {
  const line = `[${names.join(", ")}]`;
  return `const CLASSES = ${line};`.length <= 110
    ? line
    : `[\n${names.map((name) => `  ${name},\n`).join("")}]`;
}

function accessor(dtype, kind) {
  const { type, at = "place", get, set, lanes = 1, fields = [], imports = [] } = kind;
  const name = className(dtype);
  const check = type ? `typeof value !== "${type}"` : `!isScalar("${dtype}", value)`;
  const values = `badScalar, ${type ? "" : "isScalar, "}type Scalar, type TypedArrayOf`;
  return `${HEADER}import { BaseView, type Permit } from "../base.ts";
import { ${values} } from "../dtype.ts";
import { Geometry } from "../geometry.ts";
${imports.map((line) => `${line}\n`).join("")}import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"${dtype}">;
type Item = Scalar<"${dtype}"> | BaseView<"${dtype}">;

/** A view of ${dtype} elements. */
class ${name} extends BaseView<"${dtype}"> {
${fields.map((line) => `${line}\n`).join("")}  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super("${dtype}", data, geometry, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): ${name} {
    return make${name}(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getOther(index);
    const { data } = this;
    const place = this.geometry.place(index);
    const found = data[${at}];
    if (found === undefined) return this.getOther(index);
    return ${get};
  }

  set(index: readonly number[], value: Scalar<"${dtype}">): void {
    if (!this.permit.granted) this.checkWritable();
    if (${check}) throw badScalar("${dtype}", value);
    const at = this.geometry.place(index);
${set.map((line) => `    ${line}\n`).join("")}  }
}
${[1, 2, 3, 4].map((count) => ofDimensions(dtype, count, kind)).join("")}${ofWhole(dtype, kind)}
const CLASSES = ${listOf(["", 1, 2, 3, 4, "Whole"].map((which) => name + which))};

/** A view of ${dtype} elements, of the class for its number of dimensions where places are near. Local, no copy. */
export function make${name}(data: Data, region: Region, permit: Permit): ${name} {
  const geometry = new Geometry(region);
  const View = CLASSES[geometry.kindIn(data.length${lanes > 1 ? ` / ${lanes}` : ""})];
  return new View(data, geometry, permit);
}
`;
}

function table() {
  const dtypes = Object.keys(KINDS);
  const imports = dtypes
    .toSorted()
    .map((dtype) => `import { make${className(dtype)} } from "./${dtype}.ts";\n`);
  const entries = dtypes.map((dtype) => `  ${dtype}: make${className(dtype)},\n`);
  return `${HEADER}import type { BaseView, Permit } from "../base.ts";
import type { DType, TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";
${imports.join("")}
type MakeView<D extends DType> = (data: TypedArrayOf<D>, region: Region, permit: Permit) => BaseView<D>;

/** What makes the views of each dtype. */
export const ACCESSORS: { readonly [D in DType]: MakeView<D> } = {
${entries.join("")}};
`;
}

const files = new Map(Object.entries(KINDS).map(([dtype, kind]) => [`${dtype}.ts`, accessor(dtype, kind)]));
files.set("table.ts", table());

mkdirSync(FOLDER, { recursive: true });
if (process.argv.includes("--check")) {
  const present = readdirSync(FOLDER);
  const stale = present.filter((name) => !files.has(name));
  const changed = [...files].filter(
    ([name, text]) => !present.includes(name) || readFileSync(FOLDER + name, "utf8") !== text,
  );
  const wrong = [...stale, ...changed.map(([name]) => name)];
  if (wrong.length > 0) {
    console.error(`Not as generated: ${wrong.join(", ")}. Run node scripts/generate-accessors.js.`);
    process.exitCode = 1;
  }
} else {
  for (const [name, text] of files) writeFileSync(FOLDER + name, text);
}
