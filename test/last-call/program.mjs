// One call that is every rank's last, on purpose uneven, so that some are through with it long before others: `program.mjs call`.
import { MPIBatch, MPILock, MPIShared, world } from "pshmem";

const comm = world();
const { rank, size } = comm;
const last = size - 1;
const LONG = 1_000_000;
const long = () => new Float64Array(LONG).fill(rank + 1);
const short = Float64Array.of(rank + 1);
const isFirst = rank === 0;
/** Little for all ranks but the last. */
const uneven = () => Array.from({ length: size }, (_, to) => (to === last ? long() : short));

function check(value, wanted) {
  if (value !== wanted) throw new Error(`rank ${rank} has ${value}, not ${wanted}`);
}

function checkLong(array, wanted) {
  check(array.length, LONG);
  check(array[0], wanted);
  check(array[LONG - 1], wanted);
}

const checkMine = (array, from) => (rank === last ? checkLong(array, from + 1) : check(array[0], from + 1));
const sum = (size * (size + 1)) / 2;
const shared = new MPIShared([LONG], "float64", comm);
const window = comm.allocateWindow("float64", LONG);
const lock = new MPILock(comm);
const batch = new MPIBatch(comm, 1, 3 * size);

const CALLS = {
  barrier: () => comm.barrier(),
  bcast: () => checkLong(comm.bcast(isFirst ? long() : null), 1),
  bcastFromLast: () => checkLong(comm.bcast(rank === last ? long() : null, last), size),
  gather: () => {
    const all = comm.gather(rank === last ? long() : short);
    if (isFirst) checkLong(all[last], size);
  },
  allgather: () => checkLong(comm.allgather(rank === last ? long() : short)[last], size),
  scatter: () => checkMine(comm.scatter(isFirst ? uneven() : null), 0),
  alltoall: () => comm.alltoall(uneven()).forEach((array, from) => checkMine(array, from)),
  reduce: () => {
    const all = comm.reduce(long());
    if (isFirst) checkLong(all, sum);
  },
  allreduce: () => checkLong(comm.allreduce(long()), sum),
  scan: () => checkLong(comm.scan(long()), ((rank + 1) * (rank + 2)) / 2),
  exscan: () => {
    const before = comm.exscan(long());
    if (!isFirst) checkLong(before, (rank * (rank + 1)) / 2);
  },
  allreduceInto: () => {
    const buffer = long();
    comm.allreduceInto(buffer);
    checkLong(buffer, sum);
  },
  send: () => {
    if (isFirst) comm.send(long(), last);
    if (rank === last) checkLong(comm.recv({ source: 0 }), 1);
  },
  set: () => {
    shared.set(isFirst ? long() : null);
    checkLong(shared.data, 1);
  },
  setFromLast: () => {
    shared.set(rank === last ? long() : null, { fromRank: last });
    checkLong(shared.data, size);
  },
  setAll: () => {
    shared.setAll(isFirst ? long() : null);
    checkLong(shared.data, 1);
  },
  sync: () => {
    if (rank === last) shared.write({ offset: [0], shape: [LONG] }, (view) => view.fill(size));
    shared.sync();
    checkLong(shared.data, size);
  },
  split: () => check(comm.split(rank % 2).size, Math.ceil((size - (rank % 2)) / 2)),
  free: () => comm.dup().free(),
  put: () => {
    if (isFirst) window.put(last, 0, long());
  },
  fetchAndOp: () => window.fetchAndOp(1, 0, 0),
  lock: () => lock.withLock(() => {}),
  run: () => batch.run(() => {}),
};

if (process.argv[2] === "list") console.log(Object.keys(CALLS).join());
else {
  await CALLS[process.argv[2]]();
  console.log(`rank ${rank} has come through`);
}
