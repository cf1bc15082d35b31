/** What a rank knows of those that share no memory with it. */
import { expect, it } from "vitest";
import { Fates } from "../../dist/comm/fates.js";
import { Health } from "../../dist/comm/health.js";
import type { Post } from "../../dist/node/post.js";
import { ENDED, Roster, rosterBytes } from "../../dist/node/roster.js";

type Handler = Parameters<Post["serve"]>[2];

/** Ranks on nodes of their own; what one sends to another that sleeps is lost. */
class Ranks {
  readonly rosters: readonly Roster[];
  readonly healths: readonly Health[];
  readonly fates: readonly Fates[];
  readonly sleeping = new Set<number>();
  readonly #handlers: Handler[] = [];

  constructor(size: number) {
    const all = Array.from({ length: size }, (_, rank) => rank);
    this.rosters = all.map(
      () => new Roster({ buffer: new SharedArrayBuffer(rosterBytes(1)), byteOffset: 0 }, 1),
    );
    this.fates = this.rosters.map((roster, rank) => new Fates({ roster, mates: [rank] }));
    this.healths = all.map((rank) => {
      const roster = this.rosters[rank];
      const post: Pick<Post, "serve" | "send"> = {
        serve: (_box, _tag, handler) => void (this.#handlers[rank] = handler),
        send: (box, dest, tag, bytes) => {
          const message = { box, dest, tag, bytes, sent: bytes.length, left: true, done: true };
          if (!this.sleeping.has(dest)) this.#handlers[dest]({ ...message, source: rank });
          return message;
        },
      };
      return new Health(post, this.fates[rank], { roster, place: 0 });
    });
  }
}

it("an answer counts until two questions in a row have got none", () => {
  const { rosters, healths, sleeping } = new Ranks(2);
  const [asking] = healths;
  rosters[1].tell(0, { text: "recv, for rank 2", since: Date.now() - 3_000, awaited: [] });
  expect(asking.heard(1)).toBe(null);
  asking.ask(1, true);
  expect(asking.heard(1)).toBe("has waited 3 s in recv, for rank 2");
  sleeping.add(1);
  const after = Array.from({ length: 4 }, () => {
    asking.ask(1, false);
    return asking.heard(1) !== null;
  });
  expect(after).toEqual([true, true, false, false]);
  sleeping.delete(1);
  rosters[1].tell(0, null);
  asking.ask(1, false);
  expect(asking.heard(1)).toBe("waits for nothing that lasts long");
});

it("an answer of a former wait does not count", () => {
  const { healths, sleeping } = new Ranks(2);
  healths[0].ask(1, true);
  sleeping.add(1);
  healths[0].ask(1, true);
  expect(healths[0].heard(1)).toBe(null);
});

it("a rank that has come to its end is known as gone", () => {
  const { rosters, healths, fates } = new Ranks(2);
  rosters[1].mark(0, ENDED);
  healths[0].ask(1, true);
  expect([healths[0].heard(1), fates[0].gone]).toEqual(["has ended", 1]);
});
