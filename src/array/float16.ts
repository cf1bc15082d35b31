/** IEEE 754 binary16 ("half") in software, for runtimes without `Float16Array`. */

/** 2^52: adding and subtracting it rounds a smaller non-negative double to an integer, ties to even. */
const ROUNDER = 2 ** 52;
/** The least number that no longer rounds to the largest half, 65504. */
const OVERFLOW = 65520;
/** The least normal half. */
const LEAST_NORMAL = 2 ** -14;
const NAN_BITS = 0x7e00;
const INFINITY_BITS = 0x7c00;

const scratch = new DataView(new ArrayBuffer(8));

function roundTiesToEven(value: number): number {
  return value + ROUNDER - ROUNDER;
}

/** The number that a half's 16 bits stand for. Local. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Infinity : NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/**
 * The bits of the half nearest to a number, ties to even, rounded once (never through float32). Local.
 * What is too large becomes an infinity, what is too small a subnormal or zero; NaN becomes the quiet NaN 0x7e00.
 */
export function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return NAN_BITS;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= OVERFLOW) return sign | INFINITY_BITS;
  if (magnitude < LEAST_NORMAL) return sign | roundTiesToEven(magnitude * 2 ** 24);
  scratch.setFloat64(0, magnitude);
  const exponent = (scratch.getUint16(0) >> 4) - 1023;
  // A fraction that rounds up to 2048 carries into the exponent, which is what it should do.
  return sign | (((exponent + 14) << 10) + roundTiesToEven(magnitude * 2 ** (10 - exponent)));
}
