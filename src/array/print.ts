/** Arrays as text, in the words of NumPy: `str(array)`, `str(scalar)`, and the form the Python original gives a shared array. */
import { type DType, type Elements, isComplex, readElement, type Scalar } from "./dtype.ts";
import { atPrecision, type FloatKind, positional, rounded, roundTo, scientific, shortest } from "./digits.ts";
import { sizeOf } from "./shape.ts";
import { type Region, selectRegion } from "./slice.ts";

/** What can be printed: any view. */
export interface Printable extends Region {
  readonly dtype: DType;
  readonly data: Elements;
}

/** NumPy's print options, at their defaults. */
const PRECISION = 8;
const THRESHOLD = 1000;
const EDGE_ITEMS = 3;
const LINE_WIDTH = 75;

/** Turns one element into text as wide as all others. */
type Format = (value: Scalar) => string;

/** `str(array)` as NumPy 1.24 prints it. Local. */
export function formatArray(array: Printable): string {
  const { dtype, shape } = array;
  const size = sizeOf(shape);
  if (size === 0) return "[]";
  if (shape.length === 0) return formatScalar(dtype, elementAt(array, array.offset));
  const isSummary = size > THRESHOLD;
  const format = formatFor(dtype, elementsOf(array, isSummary));
  return formatAxis(array, format, " ", LINE_WIDTH, isSummary);
}

function elementAt({ dtype, data }: Printable, place: number): Scalar {
  return readElement(dtype, data, place);
}

/** The elements that are to be printed. */
function elementsOf(array: Printable, isSummary: boolean): Scalar[] {
  const places = array.shape.reduce(
    (found, _, axis) => found.flatMap((place) => stepsOf(array, axis, isSummary).map((step) => place + step)),
    [array.offset],
  );
  return places.map((place) => elementAt(array, place));
}

/** The places of an axis's items, relative to the first; in a summary only those at the edges. */
function stepsOf({ shape, strides }: Region, axis: number, isSummary: boolean): number[] {
  const extent = shape[axis];
  const isCut = isSummary && extent > 2 * EDGE_ITEMS;
  const shown = isCut ? 2 * EDGE_ITEMS : extent;
  return Array.from(
    { length: shown },
    (_, i) => (isCut && i >= EDGE_ITEMS ? extent - shown + i : i) * strides[axis],
  );
}

/** One axis in brackets: items on lines that wrap, or blocks with blank lines between them. */
function formatAxis(
  array: Printable,
  format: Format,
  indent: string,
  width: number,
  isSummary: boolean,
): string {
  const isCut = isSummary && array.shape[0] > 2 * EDGE_ITEMS;
  const isRow = array.shape.length === 1;
  const items = stepsOf(array, 0, isSummary).map((step) => {
    const offset = array.offset + step;
    if (isRow) return format(elementAt(array, offset));
    const inner = { ...pick(array), offset, shape: array.shape.slice(1), strides: array.strides.slice(1) };
    return formatAxis(inner, format, `${indent} `, width - 1, isSummary);
  });
  if (isCut) items.splice(EDGE_ITEMS, 0, "...");
  const text = isRow
    ? wrap(items, indent, width - 1)
    : items.join("\n".repeat(array.shape.length - 1) + indent);
  return `[${text}]`;
}

function pick({ dtype, data }: Printable): { dtype: DType; data: Elements } {
  return { dtype, data };
}

/** Words in lines of at most `width` characters, all but the first indented; a line has one word at least. */
function wrap(words: readonly string[], indent: string, width: number): string {
  let text = "";
  let line = indent;
  for (const word of words) {
    if (line.length + word.length > width && line.length > indent.length) {
      text += `${line.trimEnd()}\n`;
      line = indent;
    }
    line += `${word} `;
  }
  return (text + line.slice(0, -1)).slice(indent.length);
}

function formatFor(dtype: DType, values: readonly Scalar[]): Format {
  if (dtype === "bool") return (value) => (value === true ? " True" : "False");
  if (isComplex(dtype)) return complexFormat(dtype, values);
  if (isFloat(dtype)) {
    const format = floatFormat(dtype, values.map(Number), "");
    return (value) => format(Number(value));
  }
  const width = widest(values.map((value) => formatScalar(dtype, value).length));
  return (value) => formatScalar(dtype, value).padStart(width);
}

function isFloat(dtype: DType): dtype is FloatKind {
  return dtype === "float16" || dtype === "float32" || dtype === "float64";
}

/** The format of a complex number's parts. */
function partsKind(dtype: DType): FloatKind {
  return dtype === "complex64" ? "float32" : "float64";
}

function partsOf(value: Scalar): { re: number; im: number } {
  return typeof value === "object" ? value : { re: Number(value), im: 0 };
}

function complexFormat(dtype: DType, values: readonly Scalar[]): Format {
  const kind = partsKind(dtype);
  const parts = values.map(partsOf);
  const real = floatFormat(
    kind,
    parts.map(({ re }) => re),
    "",
  );
  const imaginary = floatFormat(
    kind,
    parts.map(({ im }) => im),
    "+",
  );
  return (value) => {
    const { re, im } = partsOf(value);
    const text = imaginary(im);
    const digits = text.trimEnd();
    return `${real(re)}${digits}j${text.slice(digits.length)}`;
  };
}

/** The sign to print: `plus` stands before what is not negative; NaN never counts as negative. */
function signOf(value: number, plus: "" | "+"): string {
  return value < 0 || Object.is(value, -0) ? "-" : plus;
}

/** Text of a finite number, as an integer part with its sign, a point and a fraction, unpadded. */
type Digitise = (value: number) => string;

function floatFormat(kind: FloatKind, values: readonly number[], plus: "" | "+"): (value: number) => string {
  const finite = values.filter(Number.isFinite);
  const digitise = isWide(kind, finite) ? scientificFor(kind, finite) : positionalFor(kind);
  const signed = (value: number) => signOf(value, plus) + digitise(Math.abs(value));
  const texts = finite.map(signed);
  let left = widest(texts.map((text) => text.indexOf(".")));
  const right = widest(texts.map((text) => text.length - text.indexOf(".") - 1));
  if (finite.length < values.length) {
    // Room for nan, and for inf with its sign, reckoned as NumPy does: a plus takes room even where only nan stands.
    const hasSign = plus === "+" || values.includes(-Infinity);
    left = Math.max(left, 3 + Number(hasSign) - right - 1);
  }
  return (value) => {
    if (!Number.isFinite(value)) return nonFinite(value, plus).padStart(left + right + 1);
    const text = signed(value);
    return (" ".repeat(left - text.indexOf(".")) + text).padEnd(left + right + 1);
  };
}

function nonFinite(value: number, plus: "" | "+"): string {
  return Number.isNaN(value) ? `${plus}nan` : `${signOf(value, plus)}inf`;
}

function widest(widths: readonly number[]): number {
  return Math.max(0, ...widths);
}

/** True if the numbers are too large, too small, or too far apart for positional notation. */
function isWide(kind: FloatKind, finite: readonly number[]): boolean {
  const sizes = finite.filter((value) => value !== 0).map(Math.abs);
  if (sizes.length === 0) return false;
  const [largest, least] = [Math.max(...sizes), Math.min(...sizes)];
  return largest >= 1e8 || least < 1e-4 || roundTo(kind, largest / least) > 1000;
}

function positionalFor(kind: FloatKind): Digitise {
  return (value) => positional(atPrecision(kind, value, PRECISION));
}

/** As many digits for all as the one with most needs, and exponents of one width. */
function scientificFor(kind: FloatKind, finite: readonly number[]): Digitise {
  const fractionOf = (value: number) => Math.min(shortestFraction(kind, value), PRECISION);
  const fraction = widest(finite.map((value) => fractionOf(Math.abs(value))));
  const exponents = finite.map((value) => rounded(Math.abs(value), fraction).exponent);
  const width = Math.max(2, ...exponents.map((exponent) => String(Math.abs(exponent)).length));
  return (value) => scientific(rounded(value, fraction), width);
}

/** Digits after the first that a number needs at most {@link PRECISION} of, without trailing zeros. */
function shortestFraction(kind: FloatKind, value: number): number {
  const { digits } = shortest(kind, value);
  if (digits.length - 1 <= PRECISION) return digits.length - 1;
  return rounded(value, PRECISION).digits.replace(/0+$/, "").length - 1;
}

/** `str` of a NumPy scalar: Python's words for numbers and truth. Local. */
export function formatScalar<D extends DType>(dtype: D, value: Scalar<D>): string;
export function formatScalar(dtype: DType, value: Scalar): string {
  if (typeof value === "object") return formatComplex(partsKind(dtype), value);
  if (typeof value === "boolean") return value ? "True" : "False";
  if (!isFloat(dtype)) return String(value);
  const text = formatPart(dtype, Number(value), "");
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

/** One float in the fewest digits, no trailing point. */
function formatPart(kind: FloatKind, value: number, plus: "" | "+"): string {
  if (!Number.isFinite(value)) return nonFinite(value, plus);
  const size = Math.abs(value);
  const found = shortest(kind, size);
  const isPlain = size === 0 || (size >= 1e-4 && size < 1e16);
  const text = isPlain ? positional(found) : scientific(found);
  return signOf(value, plus) + text.replace(/\.(?=e|$)/, "");
}

function formatComplex(kind: FloatKind, { re, im }: { re: number; im: number }): string {
  if (Object.is(re, 0)) return `${formatPart(kind, im, "")}j`;
  return `(${formatPart(kind, re, "")}${formatPart(kind, im, "+")}j)`;
}

/** What the text of a shared array is made of. */
export interface SharedDescription {
  /** Nodes that hold ranks. */
  readonly nodes: number;
  /** Ranks on each node. */
  readonly nodeSizes: readonly number[];
  readonly ranks: number;
  readonly shape: readonly number[];
  readonly dtype: DType;
  readonly view: Printable;
}

/** The text of a shared array, laid out as the Python original's `repr`. Local. */
export function formatShared({ nodes, nodeSizes, ranks, shape, dtype, view }: SharedDescription): string {
  const [least, most] = [Math.min(...nodeSizes), Math.max(...nodeSizes)];
  const sizes = least === most ? `${least}` : `${least} to ${most}`;
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  return [
    "<MPIShared",
    `  replicated on ${nodes} nodes, each with ${sizes} processes (${ranks} total)`,
    `  shape = ${tuple}, dtype = ${dtype}`,
    sizeOf(shape) === 0 ? " No Data" : `  [ ${formatRows(view)} ]`,
    ">",
  ].join("\n");
}

/** Up to four rows, or two at each end. */
function formatRows(view: Printable): string {
  const row = (i: number) => formatRow({ ...pick(view), ...selectRegion(view, [i]) });
  const [count] = view.shape;
  if (count === undefined) return formatRow(view);
  if (count > 4) return [row(0), row(1), "...", row(-2), row(-1)].join(" ");
  return Array.from({ length: count }, (_, i) => row(i)).join(" ");
}

/** A row as Python's `format` has it: an element becomes a Python number first, so all floats print as float64. */
function formatRow(row: Printable): string {
  if (row.shape.length > 0) return formatArray(row);
  const value = elementAt(row, row.offset);
  if (isComplex(row.dtype)) return formatScalar("complex128", partsOf(value));
  return isFloat(row.dtype) ? formatScalar("float64", Number(value)) : formatScalar(row.dtype, value);
}
