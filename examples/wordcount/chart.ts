/** What the user sees. */
import type { Ranked, Summary } from "./table.ts";

const BAR = 40;
const EVERY_MS = 50;

/** A stream that may be a terminal. */
interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/** Local. The totals and the most frequent words as a bar chart. */
export function chart({ words, different, top }: Summary, files: number): string {
  const number = new Intl.NumberFormat("en");
  const wordWidth = Math.max(0, ...top.map(([word]) => word.length));
  const countWidth = Math.max(0, ...top.map(([, count]) => number.format(count).length));
  const line = ([word, count]: Ranked): string => {
    const bar = "█".repeat(Math.max(1, Math.round((BAR * count) / top[0][1])));
    return `${word.padStart(wordWidth)}  ${number.format(count).padStart(countWidth)}  ${bar}`;
  };
  const total = `${number.format(words)} words, ${number.format(different)} different, in ${number.format(files)} files`;
  return [total, ...top.map(line)].join("\n");
}

/** A line that is written over and over, on a terminal only. Members are local. */
export class ProgressLine {
  readonly #terminal: Output | null;
  #shownAt = -Infinity;
  #width = 0;

  /** `null`: shows nothing. */
  constructor(stream: Output | null) {
    this.#terminal = stream?.isTTY ? stream : null;
  }

  /** Shows the text, unless the one before is very new. */
  show(text: string): void {
    const now = performance.now();
    if (now - this.#shownAt < EVERY_MS) return;
    this.#shownAt = now;
    this.#write(text);
  }

  /** Clears the line. */
  end(): void {
    if (this.#width > 0) this.#write("");
  }

  #write(text: string): void {
    this.#terminal?.write(`${text.padEnd(this.#width)}\r`);
    this.#width = Math.max(this.#width, text.length);
  }
}
