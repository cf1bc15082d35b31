/** What tells a job from others, on whatever machines they run. */

/** Local. A number for a new job, drawn at random: 31 bits. */
export function drawJobNumber(): number {
  return Math.floor(Math.random() * 2 ** 31);
}
