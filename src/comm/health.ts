/** How ranks are that share no memory with this one: asked by a message, answered whenever they wait for anything. */
import { ENDED, PRESENT, type Roster } from "../node/roster.ts";
import { SYSTEM, type Box, type Post } from "../node/post.ts";
import type { Distant } from "../node/company.ts";
import type { Fates } from "./fates.ts";

/** Beside the tags of letters, on the world's own. */
const BOX: Box = { maker: 0, serial: 0, kind: SYSTEM };
const HEALTH = 1000;

/** The first byte of a message; an answer goes on with the rank's fate and what it waits for. */
const QUESTION = 0;
const ANSWER = 1;

/** An answer counts until so many questions after it have got none. */
const PATIENCE = 2;

/** What is known of one rank. */
interface Hearing {
  readonly answer: string | null;
  /** Questions since that answer. */
  readonly open: number;
}

const UNHEARD: Hearing = { answer: null, open: 0 };

type HealthPost = Pick<Post, "serve" | "send">;

/** The questions and answers of one rank. */
export class Health implements Distant {
  readonly #post: HealthPost;
  readonly #fates: Fates;
  readonly #roster: Roster;
  readonly #place: number;
  readonly #hearings = new Map<number, Hearing>();

  constructor(
    post: HealthPost,
    fates: Fates,
    { roster, place }: { readonly roster: Roster; readonly place: number },
  ) {
    this.#post = post;
    this.#fates = fates;
    this.#roster = roster;
    this.#place = place;
    post.serve(BOX, HEALTH, ({ source, bytes }) => {
      if (bytes[0] === QUESTION) post.send(BOX, source, HEALTH, this.#answer());
      else this.#hear(source, bytes);
    });
  }

  ask(rank: number, anew: boolean): void {
    const { answer, open } = (!anew && this.#hearings.get(rank)) || UNHEARD;
    this.#hearings.set(rank, { answer: open < PATIENCE ? answer : null, open: open + 1 });
    this.#post.send(BOX, rank, HEALTH, Uint8Array.of(QUESTION));
  }

  heard(rank: number): string | null {
    return this.#hearings.get(rank)?.answer ?? null;
  }

  #answer(): Uint8Array {
    const wait = this.#roster.waitOf(this.#place);
    const text = wait
      ? `has waited ${Math.round((Date.now() - wait.since) / 1000)} s in ${wait.text}`
      : "waits for nothing that lasts long";
    return Uint8Array.of(ANSWER, this.#roster.fateOf(this.#place), ...new TextEncoder().encode(text));
  }

  #hear(rank: number, bytes: Uint8Array): void {
    const isPresent = bytes[1] === PRESENT;
    this.#hearings.set(rank, {
      answer: isPresent ? new TextDecoder().decode(bytes.slice(2)) : "has ended",
      open: 0,
    });
    if (!isPresent) this.#fates.note(rank, ENDED);
  }
}
