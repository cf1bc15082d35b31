/** What the ranks of a job leave in its folder for the driver: how far they are, their programs' text, what they found. */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a rank found. */
export interface Found {
  readonly program: number;
  readonly rank: number;
  readonly text: string;
}

const FOUND = "found";
const AT = "at";
const TRACE = "trace";

/** The folder of one job. All members are local. */
export class Report {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** By rank 0: a program begins. */
  begin(program: number): void {
    writeFileSync(join(this.#folder, AT), `${program}`);
  }

  /** The program that began last; null before the first. */
  at(): number | null {
    const text = this.#text(AT);
    return text === "" ? null : Number(text);
  }

  /** By any rank. */
  add(found: Found): void {
    appendFileSync(join(this.#folder, FOUND), `${JSON.stringify(found)}\n`);
  }

  /** What was found, first things first. */
  found(): Found[] {
    return this.#text(FOUND)
      .split("\n")
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Found);
  }

  /** By any rank: a line of what it is about to do. */
  trace(rank: number, text: string): void {
    appendFileSync(join(this.#folder, TRACE), `rank ${rank}: ${text}\n`);
  }

  /** What all ranks were about to do. */
  traced(): string {
    return this.#text(TRACE);
  }

  #text(name: string): string {
    const path = join(this.#folder, name);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }
}
