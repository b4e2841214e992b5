// The jobs of a pipeline as its stages, and which of them is shown when nobody has chosen one.
import type { Job, Pipeline } from "../../api/queries";
import { isBad, isOver } from "../../ui/status";

export interface Stage {
  name: string;
  jobs: Job[];
  status: string;
}

/** How a job stands, with what its attempts and the pipeline tell beside its status. */
export function standing(job: Job, pipeline: { cancel?: Pipeline["cancel"] | undefined }): string {
  const attempt = job.attempts.at(-1);
  if (isOver(job.status) || attempt === undefined) return job.status;
  if (attempt.phase === "ended") return job.status;
  if (pipeline.cancel) return "cancelling";
  return attempt.phase === "preparing" ? "preparing" : "running";
}

/** The stages in the order in which they run. */
export function stagesOf(jobs: readonly Job[]): Stage[] {
  const stages = new Map<string, Job[]>();
  for (const job of jobs) {
    const known = stages.get(job.stage);
    if (known === undefined) stages.set(job.stage, [job]);
    else known.push(job);
  }
  return [...stages].map(([name, of]) => ({ name, jobs: of, status: together(of) }));
}

/** How jobs stand together: as the one that most needs to be looked at. */
export function together(jobs: readonly Job[]): string {
  const counted = jobs.filter((job) => !(job.allow_failure && isBad(job.status)));
  const has = (status: string) => counted.some((job) => job.status === status);
  if (has("failed")) return "failed";
  if (has("errored")) return "errored";
  if (jobs.some((job) => job.status === "running")) return "running";
  const isAnyOver = jobs.some((job) => isOver(job.status) && job.status !== "skipped");
  if (has("pending")) return isAnyOver ? "running" : "pending";
  if (has("cancelled")) return "cancelled";
  return jobs.every((job) => job.status === "skipped") ? "skipped" : "success";
}

/** How many jobs stand how, in the order in which one wants to know it. */
export function countsOf(jobs: readonly Job[]): { status: string; count: number }[] {
  const order = ["failed", "errored", "running", "pending", "success", "cancelled", "skipped"];
  return order
    .map((status) => ({ status, count: jobs.filter((job) => job.status === status).length }))
    .filter(({ count }) => count > 0);
}

/** With more jobs than this, those that are bad are looked for. */
const MANY = 20;

/** The jobs that somebody has to look at, where they are some among many others; else null. */
export function badAmongMany(jobs: readonly Job[]): Job[] | null {
  if (jobs.length <= MANY) return null;
  const bad = jobs.filter((job) => isBad(job.status));
  return bad.length === 0 ? null : bad;
}

/** The job to look at while nobody has chosen: what broke, else what runs, else what ended last. */
export function jobToShow(jobs: readonly Job[]): Job | undefined {
  return (
    jobs.find((job) => isBad(job.status) && !job.allow_failure) ??
    jobs.find((job) => !isOver(job.status) && job.attempts.length > 0) ??
    jobs.findLast((job) => job.attempts.length > 0) ??
    jobs[0]
  );
}
