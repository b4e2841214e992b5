// Lists that come in pieces, put together for whoever looks for something in all of them. It knows nothing of what is listed.

/** More pieces than these nobody sees: the server would be asked for too long. */
const PIECES = 50;

interface Piece<T> {
  items: T[];
  next?: string | null;
}

/** How many each piece is to have. */
export const PIECE = 100;

/** Every piece of a list, up to a bound; `ask` is given where a piece begins. */
export async function whole<T>(
  ask: (query: { limit: number; cursor?: string }) => Promise<Piece<T>>,
): Promise<T[]> {
  const found: T[] = [];
  let cursor: string | undefined;
  for (let piece = 0; piece < PIECES; piece += 1) {
    const { items, next } = await ask({ limit: PIECE, ...(cursor === undefined ? {} : { cursor }) });
    found.push(...items);
    if (!next) break;
    cursor = next;
  }
  return found;
}
