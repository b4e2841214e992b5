// How several projects stand together: how many of them in which state, the worst first. Pure.
import type { Overview } from "../../api/queries";
import { isBad, isOver, statusName, toneOf, type Tone } from "../../ui/status";

type Line = Pick<Overview, "last">;

/** What one looks for first: what is broken, then what is under way, then what is well. */
function place(status: string): number {
  if (isBad(status)) return 0;
  return isOver(status) ? 2 : 1;
}

function statuses(lines: readonly Line[]): string[] {
  const found = lines.flatMap(({ last }) => (last ? [last.status] : []));
  return found.toSorted((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** In words: `2 failed, 1 running, 14 succeeded`. */
export function standingText(lines: readonly Line[]): string {
  const counts = new Map<string, number>();
  for (const status of statuses(lines)) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} ${statusName(status)}`).join(", ");
}

/** As the icon of the page has it. */
export function standingTone(lines: readonly Line[]): Tone | undefined {
  const worst = statuses(lines)[0];
  return worst === undefined ? undefined : toneOf(worst);
}
