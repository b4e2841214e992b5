// The number of a pipeline or a deployment, as it stands in an address.

/** Null where what stands there is no number that the server could have given. */
export function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^[1-9][0-9]{0,14}$/.test(text) ? Number(text) : null;
}
