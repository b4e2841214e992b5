// When what of a pipeline was going on, in milliseconds since it was submitted. Pure; nothing here knows of pixels.
import type { Job, Pipeline } from "../../api/queries";
import { spanText } from "../../ui/duration";
import { isOver } from "../../ui/status";

export interface Segment {
  kind: "waiting" | "preparing" | "running";
  from: number;
  /** null: it goes on. */
  to: number | null;
  attempt: number;
  /** How that attempt ended; absent while it has not. */
  status: string | null;
}

/** The stretches of a job: for each attempt the time it was made ready in, and the time it ran. */
export function segmentsOf(job: Job, begin: number): Segment[] {
  return job.attempts.flatMap((attempt) => {
    const created = Date.parse(attempt.created_at) - begin;
    const started = attempt.started_at ? Date.parse(attempt.started_at) - begin : null;
    const ended = attempt.ended_at ? Date.parse(attempt.ended_at) - begin : null;
    const about = { attempt: attempt.attempt, status: attempt.status ?? null };
    const segments: Segment[] = [{ kind: "preparing", from: created, to: started ?? ended, ...about }];
    if (started !== null) segments.push({ kind: "running", from: started, to: ended, ...about });
    return segments;
  });
}

/** How long the last attempt took for what, in words; nothing where there was none. */
export function timesText(segments: readonly Segment[]): string {
  const last = segments.at(-1)?.attempt;
  return segments
    .filter(({ attempt }) => attempt === last)
    .map(({ kind, from, to }) => {
      if (to === null) return kind === "running" ? "running" : "being made ready";
      return `${kind === "running" ? "ran" : "made ready"} ${spanText(to - from)}`;
    })
    .join(", ");
}

/** How long it is from the submission to the end, or to now. Never 0, so that it can be divided by. */
export function totalMs(pipeline: Pipeline, now: number): number {
  const end = pipeline.ended_at ? Date.parse(pipeline.ended_at) : now;
  return Math.max(1, end - Date.parse(pipeline.submitted_at));
}

/** Why a pipeline waits, and what to do about it; null where it does not. */
export function waitingText(waiting: unknown): { text: string; advice: string | null } | null {
  if (typeof waiting !== "object" || waiting === null) return null;
  const { type, labels, ahead } = waiting as { type?: unknown; labels?: unknown; ahead?: unknown };
  if (type === "no_runner") {
    return {
      text: "no runner is there",
      advice: "Start one with imt runner, or the server with --runners of at least 1.",
    };
  }
  if (type === "no_such_runner") {
    const wanted = Array.isArray(labels) ? labels.map(String).join(", ") : "";
    return {
      text: `no runner has all of its labels: ${wanted}`,
      advice: "Its pipeline file asks for them under runs_on.",
    };
  }
  if (type === "turn") {
    const before = typeof ahead === "number" ? ahead : 0;
    if (before === 0) return { text: "all runners are busy, and it is the next", advice: null };
    const are = before === 1 ? "1 pipeline of this project is" : `${before} pipelines of this project are`;
    return { text: `all runners are busy, and ${are} before it`, advice: null };
  }
  return { text: "the server says no more", advice: null };
}

/** Why a job has not begun; null where it has. */
export function jobWaitingText(job: Job, jobs: readonly Job[], pipeline: Pipeline): string | null {
  if (job.attempts.length > 0 || isOver(job.status)) return null;
  const why = waitingText(pipeline.waiting);
  if (why !== null) return why.text;
  if (!pipeline.started_at) return "no runner has taken the pipeline up yet";
  const earlier = jobs.filter(
    (other) => other.job < job.job && other.stage !== job.stage && !isOver(other.status),
  );
  const stages = [...new Set(earlier.map((other) => other.stage))];
  if (stages.length > 0)
    return stages.length === 1
      ? `stage ${stages[0] ?? ""} comes first`
      : `stages ${stages.join(", ")} come first`;
  return "other jobs of its stage run first";
}
