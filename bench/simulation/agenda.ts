/** What is to happen when: a heap of events, earliest first; those of one moment in the order in which they were entered. */

interface Event {
  readonly at: number;
  readonly number: number;
  readonly act: () => void;
}

/** Simulated time, in µs. */
export class Agenda {
  now = 0;
  readonly #heap: Event[] = [];
  #numbers = 0;

  /** Local: `act` runs at a time that is not past. */
  at(time: number, act: () => void): void {
    const heap = this.#heap;
    const event = { at: time, number: this.#numbers++, act };
    let place = heap.length;
    while (place > 0) {
      const above = (place - 1) >> 1;
      if (!isBefore(event, heap[above])) break;
      heap[place] = heap[above];
      place = above;
    }
    heap[place] = event;
  }

  /** Local: lets happen what is entered, and what comes of it. */
  run(): void {
    for (let event = this.#next(); event; event = this.#next()) {
      this.now = event.at;
      event.act();
    }
  }

  #next(): Event | undefined {
    const heap = this.#heap;
    const [first] = heap;
    const last = heap.pop();
    if (last !== undefined && last !== first) this.#sink(last);
    return first;
  }

  #sink(event: Event): void {
    const heap = this.#heap;
    let place = 0;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1], heap[below])) below++;
      if (!isBefore(heap[below], event)) break;
      heap[place] = heap[below];
      place = below;
    }
    heap[place] = event;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
