/** The loop of a rank: makes sides and takes their turns as the runner orders. */
import { caseOf } from "./cases/all.ts";
import type { Maker, Side, Site } from "./case.ts";
import { Orders, OURS, type Order } from "./orders.ts";

/** Asynchronous: follows orders until the runner is done. Collective: all ranks get the same orders. */
export async function serve(site: Site): Promise<void> {
  const orders = new Orders(site.folder, site.comm.rank);
  const sides = new Map<number, Side>();
  for (let order = orders.next(); order.do !== "quit"; order = orders.next()) {
    try {
      orders.answer(await follow(order, sides, site));
    } catch (error) {
      orders.answer(0, error instanceof Error ? (error.stack ?? error.message) : String(error));
    }
  }
  orders.close();
}

async function follow(
  order: Exclude<Order, { do: "quit" }>,
  sides: Map<number, Side>,
  site: Site,
): Promise<number> {
  if (order.do === "turn") return sides.get(order.side)!.turn(order.ops);
  if (order.do === "make") {
    sides.set(order.side, await makerOf(order.case, order.side)(site, order.size));
  } else {
    await sides.get(order.side)!.close?.();
    sides.delete(order.side);
  }
  return 0;
}

function makerOf(id: string, side: number): Maker {
  const { ours, references } = caseOf(id);
  const make = side === OURS ? ours : references[side - 1].make;
  if (typeof make === "string") throw new Error(`side ${side} of ${id} is made by Python`);
  return make;
}
