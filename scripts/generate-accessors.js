#!/usr/bin/env node
/**
 * Writes src/array/accessors/: view classes for each dtype, and for one, two and three dimensions.
 *
 * Code through which more than about four kinds of typed array pass takes 50 to 120 ns for each element instead of 2, for ever.
 * So each dtype gets source of its own, which the engine compiles by itself. And a `get` that may give an element or a view makes
 * the engine allocate each number that it returns; with the number of dimensions known, the number of arguments tells
 * which it is before the code is compiled. Nothing else goes in here: what does not touch the elements one by one is in
 * src/array/base.ts and src/array/geometry.ts.
 *
 * node scripts/generate-accessors.js          writes the files
 * node scripts/generate-accessors.js --check  says which files differ, and fails if any does
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const FOLDER = fileURLToPath(new URL("../src/array/accessors/", import.meta.url));
const HEADER = "// Written by scripts/generate-accessors.js: change that, not this.\n";

/** How a dtype's element is checked, read from and written to `data`. */
const plain = { type: "number", get: "this.data[place]", set: ["this.data[at] = value;"] };
const whole = { ...plain, type: "bigint" };
const bool = {
  type: "boolean",
  get: "this.data[place] !== 0",
  set: ["this.data[at] = value ? 1 : 0;"],
};
const half = {
  type: "number",
  get: "this.bits ? halfToNumber(this.data[place]) : this.data[place]",
  set: ["this.data[at] = this.bits ? numberToHalf(value) : value;"],
  fields: ["  protected readonly bits = this.data instanceof Uint16Array;", ""],
  imports: ['import { halfToNumber, numberToHalf } from "../float16.ts";'],
};
const complex = {
  get: "{ re: this.data[2 * place], im: this.data[2 * place + 1] }",
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

/** The class for views of `count` dimensions; `get` there is one expression. */
function ofDimensions(dtype, count, get) {
  const indices = ["i", "j", "k"].slice(0, count);
  const parameters = indices.map((index) => `${index}?: number`).join(", ");
  const given = indices.map((index) => `${index}!`).join(", ");
  return `
class ${className(dtype)}${count} extends ${className(dtype)} {
  override get(${parameters}): Item {
    if (arguments.length !== ${count}) return this.getPart([...arguments]);
    const place = this.geometry.place${count}(${given});
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
      const done = i >= this.geometry.size;
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

function accessor(dtype, { type, get, set, fields = [], imports = [] }) {
  const name = className(dtype);
  const check = type ? `typeof value !== "${type}"` : `!isScalar("${dtype}", value)`;
  const values = `badScalar, ${type ? "" : "isScalar, "}type Scalar, type TypedArrayOf`;
  return `${HEADER}import { BaseView, type Permit } from "../base.ts";
import { ${values} } from "../dtype.ts";
${imports.map((line) => `${line}\n`).join("")}import type { Region } from "../slice.ts";

type Data = TypedArrayOf<"${dtype}">;
type Item = Scalar<"${dtype}"> | BaseView<"${dtype}">;

/** A view of ${dtype} elements. */
class ${name} extends BaseView<"${dtype}"> {
${fields.map((line) => `${line}\n`).join("")}  constructor(data: Data, region: Region, permit: Permit) {
    super("${dtype}", data, region, permit);
  }

  protected make(data: Data, region: Region, permit: Permit): ${name} {
    return make${name}(data, region, permit);
  }

  get(...index: readonly number[]): Item {
    if (index.length !== this.geometry.dimensions) return this.getPart(index);
    const place = this.geometry.place(index);
    return ${get};
  }

  set(index: readonly number[], value: Scalar<"${dtype}">): void {
    if (!this.permit.granted) this.checkWritable();
    if (${check}) throw badScalar("${dtype}", value);
    const at = this.geometry.place(index);
${set.map((line) => `    ${line}\n`).join("")}  }
}
${[1, 2, 3].map((count) => ofDimensions(dtype, count, get)).join("")}
const CLASSES = [${["", 1, 2, 3].map((count) => name + count).join(", ")}];

/** A view of ${dtype} elements, of the class for its number of dimensions. Local, no copy. */
export function make${name}(data: Data, region: Region, permit: Permit): ${name} {
  const View = CLASSES[region.shape.length] ?? ${name};
  return new View(data, region, permit);
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
