// Which job is looked at while nobody has chosen one. It stays for a while, so that a pipeline of many short jobs does
// not flicker; only what breaks is shown at once.
import { useEffect, useState } from "react";

import type { Job } from "../../api/queries";
import { isBad, isOver } from "../../ui/status";
import { jobToShow } from "./stages";

const STAYS_MS = 3_000;

/** The job to show after the one that is shown, and how long the latter stays yet. */
export function nextJob(
  jobs: readonly Job[],
  shown: number | undefined,
  shownForMs: number,
): { job: number | undefined; inMs: number } {
  const wanted = jobToShow(jobs);
  const current = jobs.find((job) => job.job === shown);
  if (current === undefined || wanted === undefined) return { job: wanted?.job, inMs: 0 };
  if (isBad(wanted.status) && !wanted.allow_failure) return { job: wanted.job, inMs: 0 };
  // What still goes on stays, even if another one has begun before it in the file.
  const goesOn = !isOver(current.status) && current.attempts.length > 0;
  if (goesOn) return { job: current.job, inMs: 0 };
  return { job: wanted.job, inMs: Math.max(0, STAYS_MS - shownForMs) };
}

export function useShownJob(jobs: readonly Job[]): Job | undefined {
  const [shown, setShown] = useState(() => ({ job: jobToShow(jobs)?.job, since: Date.now() }));
  useEffect(() => {
    const next = nextJob(jobs, shown.job, Date.now() - shown.since);
    if (next.job === shown.job) return;
    const timer = setTimeout(() => setShown({ job: next.job, since: Date.now() }), next.inMs);
    return () => clearTimeout(timer);
  }, [jobs, shown]);
  return jobs.find((job) => job.job === shown.job);
}
