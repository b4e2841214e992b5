// How services stand while a step watches their health, as the changes of a deployment tell it. Pure; what is not understood is
// left out.

/** So many out of so many. */
export interface OutOf {
  count: number;
  of: number;
}

export interface Standing {
  service: string;
  /** What it is, in the server's word. */
  state: string;
  /** `well`, `pending` or `failed`. */
  outlook: string;
  restarts: number;
  exitCode: number | null;
  failedChecks: OutOf | null;
  replicas: OutOf | null;
  /** Since when it is known to stand so. */
  since: string;
}

/** What is known after those that stand otherwise were told. */
export function nowStanding(before: readonly Standing[], told: unknown, at: string): Standing[] {
  const after = [...before];
  for (const standing of Array.isArray(told) ? told.map((one) => standingOf(one, at)) : []) {
    if (standing === null) continue;
    const place = after.findIndex((known) => known.service === standing.service);
    after.splice(place < 0 ? after.length : place, 1, standing);
  }
  return after;
}

function standingOf(told: unknown, since: string): Standing | null {
  if (!isRecord(told)) return null;
  const { service, state, outlook, restarts, exit_code: code } = told;
  if (typeof service !== "string" || typeof state !== "string" || typeof outlook !== "string") return null;
  return {
    service,
    state,
    outlook,
    restarts: typeof restarts === "number" ? restarts : 0,
    exitCode: typeof code === "number" ? code : null,
    failedChecks: outOf(told["failed_checks"]),
    replicas: outOf(told["replicas"]),
    since,
  };
}

function outOf(told: unknown): OutOf | null {
  if (!isRecord(told)) return null;
  const { count, of } = told;
  return typeof count === "number" && typeof of === "number" ? { count, of } : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const STATES: Record<string, string> = {
  stale: "still the earlier one",
  created: "made, not started",
  working: "at work",
  removing: "being removed",
};

/** What a service is, for people: the words of the command line. */
export function standingText(standing: Standing): string {
  const { failedChecks, restarts, exitCode, replicas } = standing;
  const more: string[] = [];
  if (failedChecks !== null) more.push(`${failedChecks.count} of ${failedChecks.of} health checks failed`);
  if (restarts > 0) more.push(restarts === 1 ? "1 restart" : `${restarts} restarts`);
  if (exitCode !== null && standing.state !== "exited") more.push(`exit code ${exitCode}`);
  if (replicas !== null) more.push(`${replicas.count} of ${replicas.of} replicas well`);
  const what = stateText(standing);
  return more.length === 0 ? what : `${what} (${more.join(", ")})`;
}

function stateText({ state, outlook, exitCode }: Standing): string {
  const isPending = outlook === "pending";
  if (state === "absent") return isPending ? "not there yet" : "not there";
  if ((state === "running" || state === "healthy") && isPending) return `${state}, not for long enough yet`;
  if (state === "exited" && exitCode !== null) return `exited ${exitCode}`;
  return STATES[state] ?? state.replaceAll("_", " ");
}

/** The status whose icon a service has. What is waited for no more, and was not well by then, has none of its own. */
export function standingStatus({ outlook }: Standing, isWatched: boolean): string {
  if (outlook === "well") return "success";
  if (outlook === "failed") return "failed";
  return outlook === "pending" && isWatched ? "running" : "skipped";
}
