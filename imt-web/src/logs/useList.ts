// A list of rows in an element that scrolls: which rows are to be there, where they are, and whether the end is followed.
//
// Does not know what is in a row. The rows are in bands, and these in one block, one over the other; where each is put is decided
// here after they were measured and before anything is painted, so that nothing is ever seen in the wrong place, and a band that
// comes or goes moves no other. While the same bands are there, they move with the bar, for which a browser needs nobody: nothing is
// drawn anew.
import { useCallback, useEffect, useLayoutEffect, useRef, useState, type RefObject } from "react";
import { flushSync } from "react-dom";

import type { Range } from "./rows";
import {
  afterBar,
  BAND,
  barOf,
  barPx,
  bandsAt,
  clamped,
  isScaled,
  lastPlace,
  moved,
  TOP,
  type Measures,
  type Place,
} from "./scroll";

export const ROW_PX = 20;
/** How high what is seen is taken to be, where it is not laid out. */
const UNSEEN_PX = 600;
/** After so long without movement the bar is put right. */
const QUIET_MS = 160;

export interface List {
  readonly barPx: number;
  /** The rows that are to be there. */
  readonly rows: Range;
  /** The first row that is seen, at least in part, at the time of asking. */
  readonly top: () => number;
  /** How many rows are seen. */
  readonly seen: number;
  readonly isFollowing: boolean;
  readonly follow: (wanted: boolean) => void;
  /** Shows a row: near the upper edge, or where it is if it is seen already. */
  readonly show: (row: number, isAtTop?: boolean) => void;
}

/** The element that scrolls, and the block of the rows in it. */
export interface Elements {
  readonly scroller: RefObject<HTMLDivElement | null>;
  readonly block: RefObject<HTMLDivElement | null>;
}

export function useList(
  { scroller, block }: Elements,
  count: number,
  isWrapped: boolean,
  follows: boolean,
): List {
  const heights = useRef(new Map<number, number>());
  const bar = useRef(0);
  const quiet = useRef<ReturnType<typeof setTimeout>>(undefined);
  const [seenPx, setSeenPx] = useState(UNSEEN_PX);
  const [seenWidth, setSeenWidth] = useState(0);
  /** The rows that are there for the place that one is at, where the end is not followed. */
  const [kept, setKept] = useState<Range>({ first: 0, end: 0 });
  const [isFollowing, setFollowing] = useState(follows);

  const heightOf = useCallback((row: number) => heights.current.get(row) ?? ROW_PX, []);
  const measures: Measures = { rows: count, rowPx: ROW_PX, seenPx, heightOf };
  const length = barPx(measures);
  const isExact = !isWrapped && !isScaled(measures);
  const there = isFollowing ? bandsAt(lastPlace(measures), measures) : within(kept, count);
  const [, drawAgain] = useState(0);
  const now = useRef({ measures, length, place: TOP, there, isExact, isFollowing });

  // Heights are those of rows that were seen in this width and way.
  useLayoutEffect(() => {
    heights.current.clear();
  }, [isWrapped, seenPx, seenWidth]);

  /** Puts the bands where the place is at the upper edge of what is seen. */
  const put = useCallback((): void => {
    if (!block.current) return;
    const { place, there } = now.current;
    let px = bar.current - place.px;
    for (let row = there.first; row < place.row; row += 1) px -= heightOf(row);
    let row = there.first;
    for (const band of block.current.children) {
      if (!(band instanceof HTMLElement)) continue;
      band.style.transform = `translateY(${Math.round(px)}px)`;
      for (const end = row + BAND; row < end; row += 1) px += heightOf(row);
    }
  }, [block, heightOf]);

  /** Moves the bar there. To ask the browser where it is costs a layout. */
  const moveBar = useCallback(
    (to: number): void => {
      const outer = scroller.current;
      if (!outer || Math.abs(bar.current - to) < 1) return;
      outer.scrollTop = to;
      bar.current = outer.scrollTop;
    },
    [scroller],
  );

  useLayoutEffect(() => {
    if (isWrapped && block.current) measure(block.current, there.first, heights.current);
    // Only now is it known how high the rows are.
    const place = isFollowing
      ? lastPlace(measures)
      : clamped(inItsRow(now.current.place, measures), measures);
    const isShorter = length < now.current.length;
    now.current = { measures, length, place, there, isExact, isFollowing };
    // It comes to an end: rows that are measured now are not measured again, so that the place stays.
    const needed = bandsAt(place, measures);
    if (!isSame(needed, kept)) setKept(needed);
    if (barPx(measures) !== length) drawAgain((n) => n + 1);
    if (isFollowing) moveBar(length - seenPx);
    // A bar that gets shorter may be moved by the browser: not by as much as the list.
    else if (isExact || isShorter) moveBar(barOf(place, measures));
    put();
  });

  /** Puts the bar where it belongs; what is seen stays. */
  const settle = useCallback(() => {
    moveBar(barOf(now.current.place, now.current.measures));
    put();
  }, [moveBar, put]);

  useEffect(() => {
    const outer = scroller.current;
    if (!outer) return;
    const scrolled = (): void => {
      const to = outer.scrollTop;
      const by = to - bar.current;
      if (Math.abs(by) < 1) return;
      const { measures, place, there, isExact, isFollowing } = now.current;
      // A window that got larger has moved it, not the reader. It is put right with the new measures.
      if (isFollowing && heightOfSeen(outer) !== measures.seenPx) return;
      const next = afterBar(place, bar.current, to, measures, isExact);
      bar.current = to;
      now.current.place = next;
      const needed = bandsAt(next, measures);
      const follows = isFollowing ? by > 0 || isAtEnd(next, measures) : by > 0 && isAtEnd(next, measures);
      if (follows !== isFollowing || (!follows && !isSame(needed, there))) {
        // In the same frame: rows that come too late are a flash of nothing.
        flushSync(() => {
          setKept(needed);
          setFollowing(follows);
        });
      }
      // Exactly, each band is at the height of its first row, wherever the bar is.
      else if (!isExact) put();
      clearTimeout(quiet.current);
      if (!isExact) quiet.current = setTimeout(settle, QUIET_MS);
    };
    outer.addEventListener("scroll", scrolled, { passive: true });
    const observer = new ResizeObserver(() => {
      // What is hidden stays as it is, and has its bar at the top when it is shown again.
      if (outer.clientHeight === 0) return;
      bar.current = outer.scrollTop;
      setSeenPx(outer.clientHeight);
      setSeenWidth(outer.clientWidth);
      if (outer.clientHeight === now.current.measures.seenPx) settle();
    });
    observer.observe(outer);
    return () => {
      outer.removeEventListener("scroll", scrolled);
      observer.disconnect();
      clearTimeout(quiet.current);
    };
  }, [scroller, put, settle]);

  const show = useCallback(
    (row: number, isAtTop = false) => {
      const { measures, place } = now.current;
      const lastSeen = moved(place, measures.seenPx - 2 * ROW_PX, measures).row;
      setFollowing(false);
      if (row > place.row && row <= lastSeen && !isAtTop) return;
      const rowsSeen = Math.floor(measures.seenPx / ROW_PX);
      const first = Math.max(0, row - (isAtTop ? 0 : Math.floor(rowsSeen / 3)));
      now.current.place = clamped({ row: first, px: 0 }, measures);
      setKept(bandsAt(now.current.place, measures));
      // The bar follows once the rows are there.
      requestAnimationFrame(settle);
    },
    [settle],
  );

  return {
    barPx: length,
    rows: there,
    top: useCallback(() => now.current.place.row, []),
    seen: Math.ceil(seenPx / ROW_PX) + 1,
    isFollowing,
    follow: setFollowing,
    show,
  };
}

function heightOfSeen(scroller: HTMLElement): number {
  return scroller.clientHeight || UNSEEN_PX;
}

/** Where the row that one is at has become less high. */
function inItsRow({ row, px }: Place, { heightOf }: Measures): Place {
  return { row, px: Math.min(px, Math.max(0, heightOf(row) - 1)) };
}

function isAtEnd(place: Place, measures: Measures): boolean {
  const last = lastPlace(measures);
  return place.row > last.row || (place.row === last.row && place.px > last.px - 2);
}

/** The rows that are there of those that were, now that there are so many. */
function within({ first, end }: Range, count: number): Range {
  return { first: Math.min(first, count), end: Math.min(end, count) };
}

function isSame(one: Range, other: Range): boolean {
  return one.first === other.first && one.end === other.end;
}

function measure(block: HTMLElement, first: number, heights: Map<number, number>): void {
  // Rows far from here are no longer of use.
  if (heights.size > 4000) heights.clear();
  for (const [n, row] of block.querySelectorAll<HTMLElement>("[data-n]").entries()) {
    // Nothing is high that is not shown.
    if (row.offsetHeight > 0) heights.set(first + n, row.offsetHeight);
  }
}
