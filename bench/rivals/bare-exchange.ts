/** What two leaders do between nodes at the least: each sends a message and takes the other's, by calls of MPI from JavaScript and nothing else. */
import { HandleCell, openMpiLibrary } from "../../dist/mpi/library.js";
import { pointerTo } from "../../dist/native/reach.js";
import type { Maker } from "../case.ts";

/** That of no message of ours. */
const TAG = 77;
/** A statement of ours with the head of a message and 8 B of data in their place. */
const BYTES = 104;

/** Memory that stays where it is, and C's pointer to it. */
function memory(bytes: number): { readonly words: Int32Array; readonly pointer: bigint } {
  const words = new Int32Array(new ArrayBuffer(bytes));
  return { words, pointer: pointerTo(words) };
}

/** For two ranks, after `world()` has started MPI. */
export const bareExchange: Maker = ({ comm }) => {
  const { abi, calls } = openMpiLibrary(process.env);
  const other = 1 - comm.rank;
  const [sent, taken] = [memory(BYTES), memory(BYTES)];
  const [flag, status] = [memory(4), memory(4 * abi.statusWords)];
  const cell = new HandleCell(abi);
  const request = pointerTo(cell.pointer);
  const exchange = () => {
    calls.MPI_Isend(sent.pointer, BYTES, abi.BYTE, other, TAG, abi.COMM_WORLD, request);
    do calls.MPI_Iprobe(abi.ANY_SOURCE, TAG, abi.COMM_WORLD, flag.pointer, status.pointer);
    while (flag.words[0] === 0);
    calls.MPI_Recv(taken.pointer, BYTES, abi.BYTE, other, TAG, abi.COMM_WORLD, status.pointer);
    do calls.MPI_Test(request, flag.pointer, status.pointer);
    while (flag.words[0] === 0);
  };
  return {
    turn(ops) {
      comm.barrier();
      const start = performance.now();
      for (let i = 0; i < ops; i++) exchange();
      // The pointers alone keep nothing alive.
      if (sent.words.length !== taken.words.length || cell.pointer.length !== 1)
        throw new Error("memory is gone");
      return performance.now() - start;
    },
  };
};
