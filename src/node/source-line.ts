/** Where in the user's program a call stands. */
import { fileURLToPath } from "node:url";

/** Frames to look through: the library's own come first. */
const MOST_FRAMES = 60;

/** The directories of this package's code: as it runs, and as source maps show it, which tsx and `--enable-source-maps` turn on. */
const OURS = ["../../dist/", "../../src/"].flatMap((path) => {
  const url = new URL(path, import.meta.url);
  return [url.href, fileURLToPath(url)];
});

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
  return OURS.some((directory) => place.startsWith(directory));
}

function readable(place: string): string {
  const [, url, position] = /^(.*?)(:\d+:\d+)$/.exec(place)!;
  return fileURLToPath(url) + position;
}
