/** Decimal digits of floating-point numbers, as NumPy's Dragon4 routines choose them. */
import { halfToNumber, numberToHalf } from "./float16.ts";

/** The binary formats numbers are stored in; the shortest digits differ between them. */
export type FloatKind = "float16" | "float32" | "float64";

/** Far enough to tell a tie from what is just beside it: doubles have no longer runs of zeros in their digits. */
const BEYOND = 60;

/** Rounds a number to a format. Local. */
export function roundTo(kind: FloatKind, value: number): number {
  if (kind === "float64") return value;
  return kind === "float32" ? Math.fround(value) : halfToNumber(numberToHalf(value));
}

/** Significant digits without the point, and the power of ten of the first. */
export interface Digits {
  readonly digits: string;
  readonly exponent: number;
}

function parse(text: string): Digits {
  const [mantissa, exponent] = text.split("e");
  return { digits: mantissa.replace(".", ""), exponent: Number(exponent) };
}

function numberOf({ digits, exponent }: Digits): number {
  return Number(`${digits}e${exponent - digits.length + 1}`);
}

/** One more in the last place. */
function nextUp({ digits, exponent }: Digits): Digits {
  const next = String(Number(digits) + 1);
  if (next.length === digits.length) return { digits: next, exponent };
  return { digits: next.slice(0, -1), exponent: exponent + 1 };
}

/** The fewest digits of a finite, non-negative number that its format reads back as the same. Local. */
export function shortest(kind: FloatKind, value: number): Digits {
  if (kind === "float64") return parse(value.toExponential());
  // Nine digits always tell two floats apart.
  for (let fraction = 0; fraction < 8; fraction++) {
    const nearest = rounded(value, fraction);
    // Next to a power of two, numbers lie closer below than above: then only what is further off may read back.
    const found = [nearest, nextUp(nearest)].find((text) => roundTo(kind, numberOf(text)) === value);
    if (found !== undefined) return found;
  }
  return rounded(value, 8);
}

/** The exact value of a finite, non-negative number rounded to `fraction` digits after the first, ties to even. Local. */
export function rounded(value: number, fraction: number): Digits {
  const exact = parse(value.toExponential(Math.min(100, fraction + BEYOND)));
  const isTie = /^50*$/.test(exact.digits.slice(fraction + 1));
  // JavaScript rounds ties up; after an even digit that is wrong.
  if (!isTie || Number(exact.digits[fraction]) % 2 === 1) return parse(value.toExponential(fraction));
  return { digits: exact.digits.slice(0, fraction + 1), exponent: exact.exponent };
}

/**
 * A finite, non-negative number rounded to at least its units and at most `precision` digits after the point. Local. It must not
 * be so small that all its digits are beyond them.
 */
export function atPrecision(kind: FloatKind, value: number, precision: number): Digits {
  const found = shortest(kind, value);
  const fraction = found.digits.length - 1;
  if (fraction < found.exponent) return rounded(value, found.exponent);
  return fraction - found.exponent > precision ? rounded(value, precision + found.exponent) : found;
}

/** Digits with a point, trailing zeros after it dropped: `1.`, `0.25`. Local. */
export function positional({ digits, exponent }: Digits): string {
  const padded =
    exponent < 0 ? digits.padStart(digits.length - exponent, "0") : digits.padEnd(exponent + 1, "0");
  const point = Math.max(exponent, 0) + 1;
  return `${padded.slice(0, point)}.${padded.slice(point).replace(/0+$/, "")}`;
}

/** Digits in the form `1.5e-07`, with at least `exponentDigits` digits in the exponent. Local. */
export function scientific({ digits, exponent }: Digits, exponentDigits = 2): string {
  const sign = exponent < 0 ? "-" : "+";
  const power = String(Math.abs(exponent)).padStart(exponentDigits, "0");
  return `${digits[0]}.${digits.slice(1)}e${sign}${power}`;
}
