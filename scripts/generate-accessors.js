#!/usr/bin/env node
/**
 * Writes src/array/accessors/: view classes for each dtype, and for one to four dimensions.
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

/**
 * The class for views of `count` dimensions; `get` there is one expression of what was `found` in `data` `at` a place.
 *
 * The engine takes what never changes out of a loop, and keeps the sum of the loop unboxed, only where nothing in the loop leads out
 * of it. A test whose one side never ran does lead out. So indices that are refused become the place −1, past the array's own
 * bounds: those are checked anyway, and until such an index is met the test for `undefined` costs nothing. What can be
 * asked of a parameter is asked there first, since `arguments` are seen through too late; and there are no more parameters than
 * indices, for a call with too few is slow. It is one function, since what the engine takes into a loop has a limit. `data` is
 * read last: read with the rest, elements of the rows of a loop take three times as long on Node 24. `Math.imul` is not taken apart: bundled, a constant of
 * the module is a variable, which Node 20 reads and checks for each product, and a loop over a matrix takes 1.3 times as long.
 */
function ofDimensions(dtype, count, { at = "place", get }) {
  const axes = [
    { index: "i", given: "i0", place: "a", extent: "n0", stride: "s0" },
    { index: "j", given: "j0", place: "b", extent: "n1", stride: "s1" },
    { index: "k", given: "k0", place: "c", extent: "n2", stride: "s2" },
    { index: "l", given: "l0", place: "d", extent: "n3", stride: "s3" },
  ].slice(0, count);
  const each = (line) => axes.map(line).join("");
  const fields = [...axes.map(({ extent }) => extent), ...axes.map(({ stride }) => stride)];
  const tests = axes.flatMap(({ index, given, place, extent }) => [
    `${given} === ${index}`,
    `${place} >>> 0 < ${extent} >>> 0`,
  ]);
  const inside = [`arguments.length <= ${count}`, ...tests];
  const few = `
    if (${axes.at(-1).index} === undefined && arguments.length < ${count}) return this.getPart(arguments);`;
  return `
class ${className(dtype)}${count} extends ${className(dtype)} {
${fields.map((field) => `  declare private readonly ${field}: number;\n`).join("")}
  constructor(data: Data, geometry: Geometry, permit: Permit) {
    super(data, geometry, permit);
    const { shape, strides } = geometry;
${axes.map(({ extent }, axis) => `    this.${extent} = shape[${axis}];\n`).join("")}${axes
    .map(({ stride }, axis) => `    this.${stride} = strides[${axis}];\n`)
    .join("")}  }

  override get(${axes.map(({ index }) => `${index}?: number`).join(", ")}): Item {${count > 1 ? few : ""}
    const { offset, ${fields.join(", ")} } = this;
${each(({ index, given }) => `    const ${given} = typeof ${index} === "number" ? ${index} | 0 : -1;\n`)}${each(
    ({ given, place, extent }) => `    const ${place} = (${given} + (${extent} & (${given} >> 31))) | 0;\n`,
  )}    const near = (offset${each(({ place, stride }) => ` + Math.imul(${place}, ${stride})`)}) | 0;
    const inside =${count > 2 ? "\n      " : " "}${inside.join(count > 2 ? " &&\n      " : " && ")};
    const place = inside ? near : -1;
    const { data } = this;
    const found = data[${at}];
${count > 1 ? "" : "    if (found === undefined && arguments.length < 1) return this.getPart(arguments);\n"}    if (found === undefined) this.refuse(arguments.length, ${axes.map(({ index }) => `${index}!`).join(", ")});
    return ${get};
  }

  override reader(): BaseView<"${dtype}">["get"] {
    return (...index) => this.get(...index);
  }
${count === 1 ? ELEMENTS : ""}}
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

function accessor(dtype, kind) {
  const { type, at = "place", get, set, fields = [], imports = [] } = kind;
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
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const { data } = this;
    const place = this.geometry.place(index);
    const found = data[${at}];
    return ${get};
  }

  set(index: readonly number[], value: Scalar<"${dtype}">): void {
    if (!this.permit.granted) this.checkWritable();
    if (${check}) throw badScalar("${dtype}", value);
    const at = this.geometry.place(index);
${set.map((line) => `    ${line}\n`).join("")}  }
}
${[1, 2, 3, 4].map((count) => ofDimensions(dtype, count, kind)).join("")}
const CLASSES = [${["", 1, 2, 3, 4].map((count) => name + count).join(", ")}];

/** A view of ${dtype} elements, of the class for its number of dimensions where places are near. Local, no copy. */
export function make${name}(data: Data, region: Region, permit: Permit): ${name} {
  const geometry = new Geometry(region);
  const View = CLASSES[geometry.near];
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
