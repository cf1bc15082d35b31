/** What a program is made of. */
import type { Site } from "../site.ts";
import type { Slot } from "../state.ts";

/** One kind of step. */
export interface Deed {
  readonly name: string;
  /** How often it is chosen, beside the others. */
  readonly weight: number;
  /** Makes a communicator, or, in a bad call, none: then it returns nothing. */
  readonly makes?: true;
  /** Ends the communicator it is done on. */
  readonly frees?: true;
  /** Collective over the site's communicator. */
  run(site: Site): Slot | void | Promise<Slot | void>;
}
