/** Values small enough to travel with the call itself, and the sign that one is not. */
import { PAYLOAD_BYTES } from "./engine.ts";

/** First byte of a payload: the value follows, or comes by message after the meeting. */
const HERE = 1;
const LATER = 0;

/** Local: a payload with the value in it, or with the word that it comes later. */
export function enclosed(bytes: Uint8Array): Uint8Array {
  if (bytes.length >= PAYLOAD_BYTES) return Uint8Array.of(LATER);
  const payload = new Uint8Array(bytes.length + 1);
  payload[0] = HERE;
  payload.set(bytes, 1);
  return payload;
}

/** Local: the value in a payload; null if it comes later. */
export function contents(payload: Uint8Array): Uint8Array | null {
  return payload[0] === HERE ? payload.subarray(1) : null;
}
