// How a pipeline that is watched stands, in one sentence. Pure.
import type { Pipeline } from "../../api/queries";
import { count } from "../../ui/duration";
import type { Now } from "../../ui/NowLine";
import { isBad, isOver, reasonText, statusName } from "../../ui/status";
import { waitingText } from "./timeline";

/** So many jobs are named, not more. */
const NAMED = 3;

export function nowOf(pipeline: Pipeline): Now {
  const { status, jobs } = pipeline;
  if (isOver(status)) return { status, text: endOf(pipeline) };
  const waiting = waitingText(pipeline.waiting);
  if (waiting !== null) {
    const advice = waiting.advice === null ? "" : ` ${waiting.advice}`;
    return { status: "pending", text: `Waiting because ${waiting.text}.${advice}` };
  }
  const over = jobs.filter((job) => isOver(job.status)).length;
  const names = jobs.filter((job) => !isOver(job.status) && job.attempts.length > 0).map(({ name }) => name);
  const more = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
  const now = names.length === 0 ? "" : ` Running: ${names.slice(0, NAMED).join(", ")}${more}.`;
  const text = `${over} of ${count(jobs.length, "job")} done.${now}`;
  return { status: pipeline.cancel ? "cancelling" : status, text };
}

/** Why it ended as it did, where it did not succeed. */
export function whyOf({
  status,
  detail,
  reason,
}: Pick<Pipeline, "status" | "detail" | "reason">): string | null {
  if (!isOver(status) || status === "success") return null;
  return detail ?? (reason ? reasonText(reason) : null);
}

function endOf(pipeline: Pipeline): string {
  const { status, jobs } = pipeline;
  if (status !== "success") return whyOf(pipeline) ?? `It is ${statusName(status)}.`;
  const failed = jobs.filter((job) => isBad(job.status)).length;
  if (failed > 0) return `It succeeded; ${count(failed, "job")} that may fail did.`;
  return jobs.length === 1
    ? "Its job succeeded."
    : `All ${count(jobs.length, "job")} are over, and none failed.`;
}
