// The job that is looked at: what it is, how it ended and why, its attempts, and the log of one of them.
import { useContext, useMemo } from "react";
import { Link, useSearchParams } from "react-router";

import type { Attempt, Job, Pipeline } from "../../api/queries";
import { attemptLog } from "../../live/log";
import { LiveContext } from "../../live/useLive";
import { LogViewer } from "../../logs/LogViewer";
import { jobLog } from "../../logs/source";
import { Coded } from "../../text/Coded";
import { Untrusted } from "../../text/Untrusted";
import { spanText } from "../../ui/duration";
import { ChevronLeftIcon } from "../../ui/icons";
import { EmptyState } from "../../ui/Panel";
import { StatusBadge, StatusIcon } from "../../ui/StatusIcon";
import { isBad, isOver, reasonText, statusName } from "../../ui/status";
import { Span } from "../../ui/Time";
import { standing } from "./stages";
import { jobWaitingText } from "./timeline";
import { Scrolled } from "../../ui/Scrolled";

/** So many characters fit beside the name of a job. */
const SHORT = 40;

interface PaneProps {
  project: string;
  pipeline: Pipeline;
  job: Job;
}

export function JobPane({ project, pipeline, job }: PaneProps) {
  const [search] = useSearchParams();
  const wanted = search.get("attempt");
  const attempt = job.attempts.find((each) => String(each.attempt) === wanted) ?? job.attempts.at(-1);
  return (
    <section
      aria-label="The job"
      className="flex h-full min-h-0 flex-col overflow-hidden rounded-lg border border-line bg-surface"
    >
      <header className="border-b border-line px-3 py-2">
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <Link
            to="?"
            className="-ml-1 inline-flex items-center gap-0.5 text-sm text-muted no-underline lg:hidden"
          >
            <ChevronLeftIcon /> #{pipeline.number}
          </Link>
          <h2 className="min-w-0 truncate font-semibold">
            <Untrusted text={job.name} />
          </h2>
          <StatusBadge status={standing(job, pipeline)} />
          {job.attempts.length > 1 && <Attempts job={job} shown={attempt} />}
          <Why job={job} attempt={attempt} />
          <About job={job} attempt={attempt} />
        </div>
      </header>
      <div className="min-h-0 flex-1">
        {attempt === undefined ? (
          <Unbegun pipeline={pipeline} job={job} />
        ) : (
          <AttemptLog
            // Another attempt is another log.
            key={`${job.job} ${attempt.attempt}`}
            project={project}
            pipeline={pipeline}
            job={job.job}
            attempt={attempt}
          />
        )}
      </div>
    </section>
  );
}

interface AttemptLogProps {
  project: string;
  pipeline: Pipeline;
  job: number;
  attempt: Attempt;
}

function AttemptLog({ project, pipeline, job, attempt: shown }: AttemptLogProps) {
  const { attempt, phase, status, ended_at: endedAt } = shown;
  const connection = useContext(LiveContext);
  const { number, id } = pipeline;
  const isOver = phase === "ended";
  const source = useMemo(() => jobLog(project, number, job, attempt), [project, number, job, attempt]);
  const live = useMemo(() => {
    if (connection === null || isOver) return null;
    return attemptLog(connection, { project, pipeline: number, job, attempt, pipelineId: id });
  }, [connection, isOver, project, number, job, attempt, id]);
  const address = useMemo(() => ({ job: String(job), attempt: String(attempt) }), [job, attempt]);
  return (
    <LogViewer
      source={source}
      live={live}
      isOver={isOver}
      isBad={isBad(status ?? "")}
      endedAt={endedAt ? Date.parse(endedAt) : null}
      address={address}
    />
  );
}

function About({ job, attempt }: { job: Job; attempt: Attempt | undefined }) {
  return (
    <p className="ml-auto flex min-w-0 flex-wrap gap-x-3 text-sm text-muted">
      {job.image && <Untrusted text={job.image} className="font-mono text-xs leading-5" />}
      {attempt?.started_at && <Span from={attempt.started_at} to={attempt.ended_at} />}
      <span className="max-xl:hidden">limit {spanText(job.timeout_ms)}</span>
    </p>
  );
}

function Attempts({ job, shown }: { job: Job; shown: Attempt | undefined }) {
  return (
    <nav aria-label="Attempts" className="flex gap-1">
      {job.attempts.map((attempt) => (
        <Link
          key={attempt.attempt}
          to={`?job=${job.job}&attempt=${attempt.attempt}`}
          preventScrollReset
          aria-current={attempt === shown}
          className={`inline-flex items-center gap-1 rounded-md border px-1.5 py-0.5 text-xs no-underline ${attempt === shown ? "border-accent bg-accent-soft" : "border-line"}`}
        >
          <StatusIcon status={attempt.status ?? "running"} className="size-3" isNamed />
          attempt {attempt.attempt}
        </Link>
      ))}
    </nav>
  );
}

function Why({ job, attempt }: { job: Job; attempt: Attempt | undefined }) {
  const about = attempt?.status ? attempt : job;
  const status = attempt?.status ?? job.status;
  if (!isOver(status) || status === "success") return null;
  const isCode = about.reason === "exit_code" && typeof about.exit_code === "number";
  const reason = about.detail ?? (isCode || !about.reason ? null : reasonText(about.reason));
  const code = typeof about.exit_code === "number" ? `exit code ${about.exit_code}` : null;
  const text = [reason, code].filter((each) => each !== null).join(", ");
  if (text === "") return null;
  // How the job stands is said beside this; another attempt than the last may have ended otherwise.
  // In few words it stands beside the name, where there is room for it: the log below stays where it is.
  const place = text.length < SHORT ? "max-lg:order-last max-lg:basis-full" : "order-last basis-full";
  return (
    <Scrolled
      as="p"
      className={`max-h-24 min-w-0 text-sm ${place} ${isBad(status) ? "text-failed-text" : "text-muted"}`}
    >
      <Coded text={status === job.status ? text : `${statusName(status)}: ${text}`} />
      {job.allow_failure && isBad(job.status) && " – which is allowed"}
    </Scrolled>
  );
}

function Unbegun({ pipeline, job }: { pipeline: Pipeline; job: Job }) {
  const waiting = jobWaitingText(job, pipeline.jobs, pipeline);
  if (waiting !== null) {
    return (
      <EmptyState title="Not begun yet">
        <p>
          Waiting because <Untrusted text={waiting} />.
        </p>
      </EmptyState>
    );
  }
  return (
    <EmptyState title="It never began">
      <p>There is no log of it.</p>
    </EmptyState>
  );
}
