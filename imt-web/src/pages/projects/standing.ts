// How several projects stand together: how many of their last pipelines and deployments in which state, the worst first,
// and which projects are in one of these states. Pure.
import type { Overview } from "../../api/queries";
import { isBad, isOver, statusName, toneOf, type Tone } from "../../ui/status";

export type Line = Pick<Overview, "last" | "environments">;

/** A state that projects are in, and how many. */
export interface State {
  /** As an address has it. */
  key: string;
  name: string;
  isOfDeployments: boolean;
  count: number;
}

/** Deployments may stand as pipelines do. */
const DEPLOYMENT = "deployment-";

/** What one looks for first: what is broken, then what is under way, then what is well. */
function place(status: string): number {
  if (isBad(status)) return 0;
  return isOver(status) ? 2 : 1;
}

function inOrder(statuses: readonly string[]): string[] {
  return statuses.toSorted((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** Of deployments only those count that came after what is live: what is well is not told. */
function deploymentsOf(line: Line): string[] {
  return line.environments.flatMap(({ last }) => (last ? [last.status] : []));
}

function pipelineOf({ last }: Line): string[] {
  return last ? [last.status] : [];
}

function keysOf(line: Line): string[] {
  return [...new Set([...pipelineOf(line), ...deploymentsOf(line).map((status) => DEPLOYMENT + status)])];
}

/** Whether a project is in a state, as its key has it. */
export function isIn(line: Line, key: string): boolean {
  return keysOf(line).includes(key);
}

/** What can be chosen: the states that projects are in, those of pipelines first, and `others`, which may be of none of them. */
export function statesOf(lines: readonly Line[], others: readonly string[] = []): State[] {
  const keys = lines.flatMap((line) => keysOf(line));
  const counts = new Map<string, number>(others.map((key) => [key, 0]));
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  const states = [...counts].map(([key, count]) => {
    const isOfDeployments = key.startsWith(DEPLOYMENT);
    return { key, count, isOfDeployments, status: isOfDeployments ? key.slice(DEPLOYMENT.length) : key };
  });
  return states
    .toSorted(
      (a, b) =>
        Number(a.isOfDeployments) - Number(b.isOfDeployments) ||
        place(a.status) - place(b.status) ||
        a.status.localeCompare(b.status),
    )
    .map(({ status, ...state }) => ({ ...state, name: statusName(status) }));
}

/** As the icon of the page has it. */
export function standingTone(lines: readonly Line[]): Tone | undefined {
  const worst = inOrder(lines.flatMap((line) => [...pipelineOf(line), ...deploymentsOf(line)]))[0];
  return worst === undefined ? undefined : toneOf(worst);
}
