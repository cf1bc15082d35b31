/** A task for piscina. */
// oxlint-disable-next-line import/no-default-export -- piscina calls a worker's default export
export default function noop() {}
