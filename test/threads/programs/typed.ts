// A program in TypeScript, with what stripping types leaves in it: `using`.
import { workerData } from "node:worker_threads";

interface Start {
  readonly data: { readonly rank: number };
}

const start: Start = workerData;
const { rank } = start.data;
{
  using resource = { [Symbol.dispose]: () => console.log(`disposed on ${rank}`) };
  console.log(`typed on ${rank}`, typeof resource);
}
