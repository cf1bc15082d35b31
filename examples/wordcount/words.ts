/** Counting the words of a text. */

import type { ReadonlyTypedArrayOf } from "pshmem";

/** The bytes of a text, wherever they are. */
export type Bytes = ReadonlyTypedArrayOf<"uint8">;

/** How often each word occurs. */
export type Counts = Map<string, number>;

/** Two letters and more; single ones are most often names in minified code. */
const WORD = /\p{L}[\p{L}\p{M}]+/gu;

/**
 * Local. Counts one of `parts` pieces of a text in UTF-8. Pieces are cut at bytes that are in no word, so that each word is
 * counted once, however many parts there are.
 */
export function countPiece(bytes: Bytes, part: number, parts: number): Counts {
  const [start, end] = [part, part + 1].map((cut) =>
    cutFrom(bytes, Math.floor((bytes.length * cut) / parts)),
  );
  const text = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString();
  const exact: Counts = new Map();
  for (const word of text.match(WORD) ?? []) exact.set(word, (exact.get(word) ?? 0) + 1);
  const folded: Counts = new Map();
  // Each word by itself: what lower case is can depend on the letters around.
  for (const [word, count] of exact) add(folded, word.toLowerCase(), count);
  return folded;
}

/** Local. The sum of counts. */
export function merge(all: Iterable<Counts>): Counts {
  const sum: Counts = new Map();
  for (const counts of all) for (const [word, count] of counts) add(sum, word, count);
  return sum;
}

function add(counts: Counts, word: string, count: number): void {
  counts.set(word, (counts.get(word) ?? 0) + count);
}

/** The first place from `place` on that is behind an ASCII byte that is no letter, or one of the ends. */
function cutFrom(bytes: Bytes, place: number): number {
  let cut = place;
  while (cut > 0 && cut < bytes.length && isInWord(bytes[cut - 1])) cut += 1;
  return cut;
}

function isInWord(byte: number): boolean {
  return byte >= 0x80 || (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);
}
