#!/usr/bin/env node
/**
 * Writes src/array/accessors/: one view class for each dtype.
 *
 * Code through which more than about four kinds of typed array pass takes 50 to 120 ns for each element instead of 2, for ever.
 * So each dtype gets source of its own, which the engine compiles by itself. Nothing else goes in here: what does not touch the
 * elements one by one is in src/array/base.ts and src/array/geometry.ts.
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
  fields: ["  private readonly bits = this.data instanceof Uint16Array;", ""],
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

function accessor(dtype, { type, get, set, fields = [], imports = [] }) {
  const name = className(dtype);
  const check = type ? `typeof value !== "${type}"` : `!isScalar("${dtype}", value)`;
  const values = `badScalar, ${type ? "" : "isScalar, "}type Scalar, type TypedArrayOf`;
  return `${HEADER}import { BaseView } from "../base.ts";
import { ${values} } from "../dtype.ts";
${imports.map((line) => `${line}\n`).join("")}import type { Region } from "../slice.ts";

/** A view of ${dtype} elements. */
export class ${name} extends BaseView<"${dtype}"> {
${fields.map((line) => `${line}\n`).join("")}  constructor(data: TypedArrayOf<"${dtype}">, region: Region, writable: boolean) {
    super("${dtype}", data, region, writable);
  }

  protected make(data: TypedArrayOf<"${dtype}">, region: Region, writable: boolean): ${name} {
    return new ${name}(data, region, writable);
  }

  get(i?: number, j?: number, k?: number): Scalar<"${dtype}"> | BaseView<"${dtype}"> {
    const place = arguments.length > 3 ? -1 : this.geometry.locate(i, j, k);
    if (place < 0) return this.getPart([...arguments]);
    return ${get};
  }

  set(index: readonly number[], value: Scalar<"${dtype}">): void {
    if (!this.writable) this.checkWritable();
    if (${check}) throw badScalar("${dtype}", value);
    const place = index.length > 3 ? -1 : this.geometry.locate(index[0], index[1], index[2]);
    const at = place < 0 ? this.geometry.place(index) : place;
${set.map((line) => `    ${line}\n`).join("")}  }
}
`;
}

function table() {
  const dtypes = Object.keys(KINDS);
  const imports = dtypes.toSorted().map((dtype) => `import { ${className(dtype)} } from "./${dtype}.ts";\n`);
  const entries = dtypes.map((dtype) => `  ${dtype}: ${className(dtype)},\n`);
  return `${HEADER}import type { BaseView } from "../base.ts";
import type { DType, TypedArrayOf } from "../dtype.ts";
import type { Region } from "../slice.ts";
${imports.join("")}
type ViewClass<D extends DType> = new (
  data: TypedArrayOf<D>,
  region: Region,
  writable: boolean,
) => BaseView<D>;

/** The view class of each dtype. */
export const ACCESSORS: { readonly [D in DType]: ViewClass<D> } = {
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
