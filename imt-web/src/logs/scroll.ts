// Where one is in a list that may be far longer than a browser can scroll.
//
// Browsers lose their way above some 16 million pixels. The bar therefore has at most `MOST_PX`, and stands for a share of the list;
// small movements move the list by as many pixels as the bar, however long it is, and the bar is put right when all is quiet.
// Pure: does not know of elements.
import type { Range } from "./rows";

export const MOST_PX = 8_000_000;

/** The upper edge of what is seen: so many pixels below the upper edge of a row. */
export interface Place {
  readonly row: number;
  readonly px: number;
}

export const TOP: Place = { row: 0, px: 0 };

export interface Measures {
  readonly rows: number;
  /** How high a row is where nothing else is known. */
  readonly rowPx: number;
  /** How high what is seen is. */
  readonly seenPx: number;
  /** How high a row is, if that is known. */
  readonly heightOf: (row: number) => number;
}

/** Rows come and go so many at once, in bands: those that stay are not laid out or painted anew. */
export const BAND = 16;
/** So many rows at least are there above and below what is seen. */
const SPARE = 24;

/** The rows that are there when one is at a place: whole bands, but for the last of the list. */
export function bandsAt({ row }: Place, { rows, rowPx, seenPx }: Measures): Range {
  const first = Math.max(0, row - SPARE);
  const end = row + Math.ceil(seenPx / rowPx) + 1 + SPARE;
  return { first: first - (first % BAND), end: Math.min(rows, Math.ceil(end / BAND) * BAND) };
}

/** Up to here the height of each row counts, and not only how many there are. */
const FEW = 200;

/** How long the bar's way is, with what is seen. */
export function barPx(measures: Measures): number {
  const { rows, rowPx, seenPx } = measures;
  const px = rows > FEW ? rows * rowPx : pxBetween(TOP, { row: rows, px: 0 }, Infinity, measures);
  return Math.max(seenPx, Math.min(px, MOST_PX));
}

/** Whether the bar stands for a share, and not for pixels. */
export function isScaled({ rows, rowPx }: Measures): boolean {
  return rows * rowPx > MOST_PX;
}

/**
 * Where the bar belongs: at its share of its way. Where an end of the list is near, it has as far to go as the list: else its way
 * would end before the list does.
 */
export function barOf(place: Place, measures: Measures): number {
  const way = barPx(measures) - measures.seenPx;
  if (measures.rows <= FEW) return pxBetween(TOP, place, way, measures);
  const last = lastPlace(measures);
  const share = Math.min(
    1,
    rowsAbove(place, measures) / Math.max(Number.MIN_VALUE, rowsAbove(last, measures)),
  );
  const near = Math.min(measures.seenPx, way / 2);
  const least = pxBetween(TOP, place, near, measures);
  const most = way - pxBetween(place, last, near, measures);
  return Math.max(least, Math.min(share * way, most));
}

/** The place that the bar stands for. */
export function placeOfBar(bar: number, measures: Measures): Place {
  if (measures.rows <= FEW) return moved(TOP, Math.max(0, bar), measures);
  const way = Math.max(1, barPx(measures) - measures.seenPx);
  const above = Math.max(0, Math.min(1, bar / way)) * rowsAbove(lastPlace(measures), measures);
  const row = Math.min(Math.max(0, measures.rows - 1), Math.floor(above));
  return { row, px: (above - row) * measures.heightOf(row) };
}

/** How many rows are above a place, a part of one among them. */
function rowsAbove({ row, px }: Place, { heightOf }: Measures): number {
  return row + Math.min(1, px / Math.max(1, heightOf(row)));
}

/** How far it is from one place to a later one, or `most` if it is further. */
function pxBetween(from: Place, to: Place, most: number, { heightOf }: Measures): number {
  let px = to.px - from.px;
  for (let row = to.row - 1; row >= from.row && px < most; row -= 1) px += heightOf(row);
  return Math.max(0, Math.min(px, most));
}

/** The place so many pixels further down, or up. */
export function moved(place: Place, by: number, measures: Measures): Place {
  let { row, px } = place;
  px += by;
  while (px < 0 && row > 0) {
    row -= 1;
    px += measures.heightOf(row);
  }
  while (row < measures.rows - 1 && px >= measures.heightOf(row)) {
    px -= measures.heightOf(row);
    row += 1;
  }
  return clamped({ row, px: Math.max(0, px) }, measures);
}

/** The last place: the last row ends where what is seen ends. */
export function lastPlace(measures: Measures): Place {
  let [row, px] = [measures.rows, -measures.seenPx];
  while (row > 0 && px < 0) {
    row -= 1;
    px += measures.heightOf(row);
  }
  return { row, px: Math.max(0, px) };
}

/** The place itself, or the last one where it is beyond. */
export function clamped(place: Place, measures: Measures): Place {
  const last = lastPlace(measures);
  return place.row > last.row || (place.row === last.row && place.px > last.px) ? last : place;
}

/** What the reader has moved the bar to: a small movement moves the list as far, a large one goes to the share. */
export function afterBar(
  place: Place,
  before: number,
  bar: number,
  measures: Measures,
  isExact: boolean,
): Place {
  if (isExact || Math.abs(bar - before) > 2 * measures.seenPx) return placeOfBar(bar, measures);
  return moved(place, bar - before, measures);
}
