/**
 * A search through every schedule of a few ranks. Code under test keeps private state, which cannot be copied; so a state is
 * reached by running its schedule again from the start, in a fresh world, and is known by a text that tells all of it.
 */

/** A promise that a schedule breaks. */
export class ScheduleFailure extends Error {}

/** A world that can be stepped: made afresh for each schedule. */
export interface World {
  /** What can happen next. A choice stays what it is when the schedule up to it is repeated. */
  choices(): readonly string[];
  /** Lets it happen. @throws ScheduleFailure when a promise is broken */
  take(choice: string): void;
  /** Equal for two states from which everything goes on alike. */
  key(): string;
  /** Whether everybody has come to the end. */
  readonly finished: boolean;
}

/** What a search has seen. */
export interface Found {
  readonly states: number;
  readonly ends: number;
  /** The first promise found broken, with the schedule that breaks it; null when all are kept. */
  readonly failure: string | null;
}

/** Steps into every state that some schedule leads to. */
export function explore(makeWorld: () => World, mostStates = 400_000): Found {
  const seen = new Set<string>();
  const paths: (readonly string[])[] = [[]];
  let ends = 0;
  for (let path = paths.pop(); path; path = paths.pop()) {
    const world = makeWorld();
    try {
      for (const choice of path) world.take(choice);
      const key = world.key();
      if (seen.has(key)) continue;
      seen.add(key);
      if (seen.size > mostStates) throw new Error(`more than ${mostStates} states: make the search smaller`);
      const choices = world.choices();
      if (world.finished) ends++;
      else if (choices.length === 0) throw new ScheduleFailure("all that are left sleep: a wake-up was lost");
      for (const choice of choices) paths.push([...path, choice]);
    } catch (error) {
      if (!(error instanceof ScheduleFailure)) throw error;
      return { states: seen.size, ends, failure: `${error.message}\nafter ${path.join(" ")}` };
    }
  }
  return { states: seen.size, ends, failure: null };
}
