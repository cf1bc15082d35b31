/** Long messages that go straight to where they belong: none is taken in before its receiver has said where. */

/** Where one message goes. */
export interface Landing {
  readonly bytes: Uint8Array;
  /** Whether all of it is there. */
  landed: boolean;
}

/** The places of the messages of one sender in one box: the first that is named is for the first that comes. */
export class Landings {
  /** Named, and not landed. */
  readonly #waiting: Landing[] = [];
  /** How many of them have begun to come. */
  #begun = 0;

  /** Names the place of the next message that has none. */
  expect(bytes: Uint8Array): Landing {
    const landing = { bytes, landed: false };
    this.#waiting.push(landing);
    return landing;
  }

  /** The place for the next message that begins to come in; undefined, and nothing has begun, if it is not named yet. */
  begin(): Uint8Array | undefined {
    return this.#begun < this.#waiting.length ? this.#waiting[this.#begun++].bytes : undefined;
  }

  /** Nothing more is to land, but for what has begun. */
  abandon(): void {
    this.#waiting.length = this.#begun;
  }

  /** The first message that has begun is there whole: in its place, or in memory of its own. One that has no place is thrown away. */
  end(bytes: Uint8Array): void {
    const landing = this.#waiting.shift();
    if (!landing) return;
    this.#begun--;
    if (bytes !== landing.bytes) landing.bytes.set(bytes);
    landing.landed = true;
  }
}
