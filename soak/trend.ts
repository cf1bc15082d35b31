/** Whether something grows: the least-squares line through what was measured. */

/** What was measured, and when (in minutes). */
export interface Series {
  readonly minutes: readonly number[];
  readonly values: readonly number[];
}

/** Local: the slope of the least-squares line, per minute; 0 for fewer than two points. */
export function slopeOf({ minutes, values }: Series): number {
  const [x, y] = [mean(minutes), mean(values)];
  const spread = minutes.reduce((sum, minute) => sum + (minute - x) ** 2, 0);
  const together = minutes.reduce((sum, minute, i) => sum + (minute - x) * (values[i] - y), 0);
  return spread === 0 ? 0 : together / spread;
}

/** Local: the part of a series after the middle of its time; before it caches fill and code is compiled. */
export function secondHalf({ minutes, values }: Series): Series {
  const middle = ((minutes[0] ?? 0) + (minutes.at(-1) ?? 0)) / 2;
  const from = minutes.findIndex((minute) => minute >= middle);
  return { minutes: minutes.slice(from), values: values.slice(from) };
}

/** Local: how much the line rises over the second half. */
export function growthOf(series: Series): number {
  const late = secondHalf(series);
  return slopeOf(late) * ((late.minutes.at(-1) ?? 0) - (late.minutes[0] ?? 0));
}

function mean(list: readonly number[]): number {
  return list.reduce((sum, x) => sum + x, 0) / list.length;
}
