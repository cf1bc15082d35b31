/** Long messages that go straight to where they belong: their receiver says where before they are taken in. */

/** Where one message goes. */
export interface Landing {
  readonly bytes: Uint8Array;
  /** Whether all of it is there. */
  landed: boolean;
}

/**
 * The messages of one sender in one box, by their number: the first that is named a place for is the first that comes. One that comes before its place
 * is named is kept until then.
 */
export class Landings {
  #named = 0;
  #begun = 0;
  #whole = 0;
  readonly #waiting = new Map<number, Landing>();
  readonly #early = new Map<number, Uint8Array>();

  /** Names the place of the next message that has none. */
  expect(bytes: Uint8Array): Landing {
    const landing = { bytes, landed: false };
    const number = this.#named++;
    const early = this.#early.get(number);
    if (early) {
      this.#early.delete(number);
      fill(landing, early);
    } else this.#waiting.set(number, landing);
    return landing;
  }

  /** The place for the next message that begins to come in; null if it is not named yet. */
  begin(): Uint8Array | null {
    return this.#waiting.get(this.#begun++)?.bytes ?? null;
  }

  /** The next message is there whole: in its place, or in memory of its own. */
  end(bytes: Uint8Array): void {
    const number = this.#whole++;
    const landing = this.#waiting.get(number);
    this.#waiting.delete(number);
    if (landing) fill(landing, bytes);
    else this.#early.set(number, bytes);
  }
}

function fill(landing: Landing, bytes: Uint8Array): void {
  if (bytes !== landing.bytes) landing.bytes.set(bytes);
  landing.landed = true;
}
