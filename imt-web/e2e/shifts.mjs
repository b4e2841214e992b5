// What moves under the reader's eyes by itself, as browsers count it (layout shift).

/** More is poor, to those who made the measure up. */
export const MOST_SHIFTED = 0.1;

/** Runs in a page before anything else does: keeps the most that moved at a time, and says on the console when it was too much. */
export function watchShifts(most) {
  const now = { began: -Infinity, last: -Infinity, sum: 0, what: [] };
  window.shifted = 0;
  const note = ({ startTime, value, sources, hadRecentInput }) => {
    if (hadRecentInput || (sources.length > 0 && sources.every(isRow))) return;
    // What moves within a second belongs together, for five seconds at most.
    const isNew = startTime - now.last > 1000 || startTime - now.began > 5000;
    if (isNew) Object.assign(now, { began: startTime, sum: 0, what: [] });
    now.last = startTime;
    now.sum += value;
    now.what.push(...sources.map(moved));
    window.shifted = Math.max(window.shifted, now.sum);
    if (now.sum > most) console.error(`moved by ${now.sum.toFixed(3)}: ${now.what.join("; ")}`);
  };
  const elementOf = (node) => (node instanceof window.Element ? node : node?.parentElement);
  // Where something new comes first in a list, the rest of it makes room.
  const isRow = ({ node }) => Boolean(elementOf(node)?.closest("li:has([data-row])"));
  const moved = ({ node, previousRect, currentRect }) => {
    const element = elementOf(node);
    const [from, to] = [previousRect, currentRect].map(({ y, height }) => `${y} (${height} high)`);
    return `${element?.outerHTML.slice(0, 100)} from ${from} to ${to}`;
  };
  const observer = new window.PerformanceObserver((list) => list.getEntries().forEach(note));
  observer.observe({ type: "layout-shift", buffered: true });
}
