/** By what a rank gives up a wait: who had gone at its last look, and not since. */
import { expect, test } from "vitest";
import { Fates } from "../../dist/comm/fates.js";
import { Losses } from "../../dist/comm/losses.js";
import { Bells, bellBytes } from "../../dist/node/bells.js";
import type { Company } from "../../dist/node/company.js";
import { ALONE, BellPace } from "../../dist/node/pace.js";
import { DIED, ENDED, Roster, rosterBytes } from "../../dist/node/roster.js";
import { Until } from "../../dist/node/script.js";
import { Watch } from "../../dist/node/watch.js";
import { threadSleeper } from "../../dist/threads/sleeper.js";

const MATES = [0, 1, 2];
const NEVER = { seconds: Infinity, aborts: false };

/** Rank 0 waits for a message of rank 1; rank 2 ended long ago. */
class Waiting {
  readonly roster = new Roster(
    { buffer: new SharedArrayBuffer(rosterBytes(MATES.length)), byteOffset: 0 },
    MATES.length,
  );
  readonly fates = new Fates({ roster: this.roster, mates: MATES });
  readonly bells = new Bells(new Int32Array(new SharedArrayBuffer(bellBytes(1))), threadSleeper);
  readonly #losses = new Losses(this.fates, MATES, MATES.length);

  /** `ready` looks at what waits for it; `poll` takes in what has come. */
  run(ready: () => boolean, poll: () => boolean): void {
    const company = {
      roster: this.roster,
      sight: this.fates,
      mates: MATES,
      place: 0,
      runs: null,
      ringAll: () => this.bells.ring(0),
      distant: null,
    } as unknown as Company;
    const progress = { poll, slice: Infinity, longSlice: Infinity };
    const concern = this.#losses.concern(
      () => "recv",
      () => [1],
      () => this.#losses.faultWithin([1]),
    );
    new BellPace(this.bells, 0, progress, ALONE, new Watch(company, NEVER)).run(new Until(ready, concern));
  }

  end(rank: number, fate: typeof ENDED | typeof DIED = ENDED): void {
    this.roster.mark(rank, fate);
    this.bells.ring(0);
  }
}

test("a rank that sends and ends after all has been taken in is not missed", () => {
  // Each look in vain is one in whose shadow it happens: the first of them before the bell is armed, the others after.
  for (const shadow of [1, 2]) {
    const waiting = new Waiting();
    waiting.end(2);
    let [looks, sent, come] = [0, false, false];
    waiting.run(
      () => {
        if (come) return true;
        if (++looks === shadow) {
          sent = true;
          waiting.end(1);
        }
        return false;
      },
      () => sent && !come && (come = true),
    );
    expect(come).toBe(true);
  }
});

test("a rank that has ended without sending is missed", () => {
  const waiting = new Waiting();
  waiting.end(2);
  let looks = 0;
  const look = () => {
    if (++looks === 2) waiting.end(1);
    return false;
  };
  expect(() => waiting.run(look, () => false)).toThrow(
    expect.objectContaining({ code: "RANK_LOST", lost: [1, 2] }),
  );
});

test("what has become of ranks is asked anew outside of waits", () => {
  const waiting = new Waiting();
  waiting.fates.look();
  waiting.end(1, DIED);
  expect(waiting.fates.of(1)).toBe(DIED);
  waiting.fates.asLooked(() => expect([waiting.fates.of(1), waiting.fates.gone]).toEqual([0, 0]));
  expect([waiting.fates.look(), waiting.fates.of(1)]).toEqual([1, DIED]);
});
