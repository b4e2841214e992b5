// The stages from left to right, with their jobs. A stage of many jobs is a field of squares, so that hundreds of them
// are seen at once.
import { memo } from "react";
import { Link } from "react-router";

import type { Job, Pipeline } from "../../api/queries";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { StatusIcon, TONE_BAR } from "../../ui/StatusIcon";
import { statusName, toneOf } from "../../ui/status";
import { countsOf, stagesOf, standing, type Stage } from "./stages";

/** With more jobs than this a stage is a field of squares. */
const NAMED_AT_MOST = 6;

/** The width of a field: wider than high, so that hundreds of squares need no scrolling. */
function fieldWidth(jobs: number): number {
  const columns = Math.max(8, Math.ceil(Math.sqrt(jobs * 3)));
  return columns * SQUARE;
}

/** A square with the gap after it, in pixels. */
const SQUARE = 17;

export function StageGraph({ pipeline, shown }: { pipeline: Pipeline; shown: number | undefined }) {
  const stages = stagesOf(pipeline.jobs);
  if (stages.length === 0) return null;
  return (
    <section
      aria-label="Stages"
      className="max-h-[34vh] shrink-0 overflow-auto rounded-lg border border-line bg-surface"
    >
      <ol className="flex w-max min-w-full items-stretch p-3">
        {stages.map((stage, place) => (
          <li key={stage.name} className="flex items-stretch">
            {place > 0 && <Arrow />}
            <StageBox stage={stage} cancel={pipeline.cancel} shown={shown} />
          </li>
        ))}
      </ol>
    </section>
  );
}

function Arrow() {
  return (
    <svg viewBox="0 0 24 12" className="mx-1 mt-1 h-3 w-6 shrink-0 text-line-strong" aria-hidden="true">
      <path d="M1 6h20M17 2.500 21 6l-4 3.500" fill="none" stroke="currentColor" strokeWidth="1.6" />
    </svg>
  );
}

interface BoxProps {
  stage: Stage;
  cancel: Pipeline["cancel"];
  shown: number | undefined;
}

function StageBox({ stage, cancel, shown }: BoxProps) {
  const isField = stage.jobs.length > NAMED_AT_MOST;
  return (
    <div
      className={isField ? "" : "max-w-60 min-w-36"}
      style={isField ? { width: fieldWidth(stage.jobs.length) } : {}}
    >
      <h2 className="mb-1.5 flex items-center gap-1.5 text-sm font-semibold">
        <StatusIcon status={stage.status} isNamed />
        <Untrusted text={stage.name} className="truncate" />
      </h2>
      {isField ? (
        <>
          <div className="flex flex-wrap gap-[3px]">
            {stage.jobs.map((job) => (
              <Square
                key={job.job}
                job={job}
                status={standing(job, { cancel })}
                isShown={job.job === shown}
              />
            ))}
          </div>
          <p className="mt-1.5 text-xs text-muted">
            {countsOf(stage.jobs)
              .map(({ status, count }) => `${count} ${statusName(status)}`)
              .join(", ")}
          </p>
        </>
      ) : (
        <ul className="space-y-1">
          {stage.jobs.map((job) => (
            <li key={job.job}>
              <Chip job={job} status={standing(job, { cancel })} isShown={job.job === shown} />
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

interface JobProps {
  job: Job;
  status: string;
  isShown: boolean;
}

const Chip = memo(function Chip({ job, status, isShown }: JobProps) {
  return (
    <Link
      to={`?job=${job.job}`}
      preventScrollReset
      aria-current={isShown}
      title={plain(`${job.name}: ${statusName(status)}`)}
      className={`flex min-w-0 items-center gap-1.5 rounded-md border px-2 py-1 text-sm no-underline ${isShown ? "border-line bg-page lg:border-accent lg:bg-accent-soft" : "border-line bg-page hover:border-line-strong"}`}
    >
      <StatusIcon status={status} isNamed />
      <Untrusted text={job.name} className="truncate" />
    </Link>
  );
});

const Square = memo(function Square({ job, status, isShown }: JobProps) {
  const name = plain(`${job.name}: ${statusName(status)}`);
  return (
    <Link
      to={`?job=${job.job}`}
      preventScrollReset
      aria-current={isShown}
      aria-label={name}
      title={name}
      className={`size-3.5 rounded-[3px] ${TONE_BAR[toneOf(status)]} ${status === "pending" || status === "skipped" ? "opacity-35" : ""} ${isShown ? "outline-offset-1 outline-accent lg:outline-2" : ""}`}
    />
  );
});
