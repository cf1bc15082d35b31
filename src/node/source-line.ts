/** Where in the user's program a call stands. */
import { fileURLToPath } from "node:url";

/** Frames to look through: the library's own come first. */
const MOST_FRAMES = 60;

/** The directory of this package's code. */
const HERE = new URL("..", import.meta.url).href;

/** Local: notes the stack of this moment, to be read by {@link userLine}, if it is ever needed. Some microseconds. */
export function noteStack(): Error {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MOST_FRAMES;
  const note = new Error("where");
  Error.stackTraceLimit = stackTraceLimit;
  return note;
}

/** Local: file, line and column of the innermost frame outside this package; "" if there is none. */
export function userLine(note: Error): string {
  const frames = (note.stack ?? "").split("\n").slice(1);
  const places = frames.map(
    (frame) => /\(?((?:file:\/\/|\/|[A-Za-z]:[\\/])[^()]+:\d+:\d+)\)?$/.exec(frame)?.[1],
  );
  const found = places.find((place) => place !== undefined && !isOurs(place));
  return found?.startsWith("file:") ? readable(found) : (found ?? "");
}

function isOurs(place: string): boolean {
  return place.startsWith(HERE) || place.startsWith(fileURLToPath(HERE));
}

function readable(place: string): string {
  const [, url, position] = /^(.*?)(:\d+:\d+)$/.exec(place)!;
  return fileURLToPath(url) + position;
}
