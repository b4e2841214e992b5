// The jobs one below the other, each with the time it waited, was made ready and ran. The bars are placed by the style
// sheet from two numbers each and the length of the whole, so that a second more changes one number and no job.
import { memo, useEffect, useRef, useState, type CSSProperties } from "react";
import { Link } from "react-router";

import type { Job, Pipeline } from "../../api/queries";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { useSecond } from "../../ui/clock";
import { count, spanText } from "../../ui/duration";
import { ChevronRightIcon } from "../../ui/icons";
import { StatusIcon, TONE_BAR } from "../../ui/StatusIcon";
import { isOver, statusName, toneOf } from "../../ui/status";
import { Span } from "../../ui/Time";
import { badAmongMany, stagesOf, standing } from "./stages";
import { segmentsOf, timesText, totalMs, type Segment } from "./timeline";

export function Timeline({ pipeline, shown }: { pipeline: Pipeline; shown: number | undefined }) {
  const now = useSecond(!isOver(pipeline.status));
  const total = totalMs(pipeline, now);
  const [isBadOnly, setBadOnly] = useState(false);
  const bad = badAmongMany(pipeline.jobs);
  return (
    <section
      aria-label="Jobs over time"
      className="flex max-h-full min-h-0 flex-col overflow-hidden rounded-lg border border-line bg-surface"
    >
      <header className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 border-b border-line px-3 py-1.5 text-xs text-muted">
        <span className="flex items-center gap-2">
          <span>{count(pipeline.jobs.length, "job")}</span>
          {bad !== null && (
            <button
              type="button"
              aria-pressed={isBadOnly}
              onClick={() => setBadOnly(!isBadOnly)}
              className="-my-1 rounded-md border border-line px-1.5 py-0.5 whitespace-nowrap hover:border-line-strong aria-pressed:border-accent aria-pressed:bg-accent-soft aria-pressed:text-text"
            >
              failed only ({bad.length})
            </button>
          )}
        </span>
        <span className="text-right whitespace-nowrap tabular-nums">
          {spanText(total)} {isOver(pipeline.status) ? "in all" : "since it was submitted"}
        </span>
        <Legend />
      </header>
      <div data-jobs className="min-h-0 overflow-auto py-1" style={{ "--total": total } as CSSProperties}>
        <Rows pipeline={pipeline} isBadOnly={isBadOnly && bad !== null} shown={shown} />
      </div>
    </section>
  );
}

/** In a line of its own: a time that grows never takes it to another one. */
function Legend() {
  return (
    <ul aria-label="What the bars say" className="flex basis-full flex-wrap gap-x-4 whitespace-nowrap">
      <li className="flex items-center gap-1.5">
        <span className="w-4 border-t border-dashed border-line-strong" /> waited
      </li>
      <li className="flex items-center gap-1.5">
        <span className="h-2.5 w-4 rounded-[2px] bg-pending/50" /> made ready
      </li>
      <li className="flex items-center gap-1.5">
        <span className="h-2.5 w-4 rounded-[2px] bg-success" /> ran
      </li>
    </ul>
  );
}

interface RowsProps {
  pipeline: Pipeline;
  isBadOnly: boolean;
  shown: number | undefined;
}

/** All rows: they do not change with the clock. */
const Rows = memo(function Rows({ pipeline, isBadOnly, shown }: RowsProps) {
  const jobs = (isBadOnly ? badAmongMany(pipeline.jobs) : null) ?? pipeline.jobs;
  const begin = Date.parse(pipeline.submitted_at);
  const waitedUntil = pipeline.started_at ? Date.parse(pipeline.started_at) - begin : null;
  return stagesOf(jobs).map((stage) => (
    <div key={stage.name}>
      <h3 className="px-3 pt-1.5 pb-0.5 text-xs font-medium text-muted">
        <Untrusted text={stage.name} />
      </h3>
      <ul>
        {stage.jobs.map((job) => (
          <Row
            key={job.job}
            job={job}
            status={standing(job, pipeline)}
            isShown={job.job === shown}
            begin={begin}
            waitedUntil={waitedUntil}
          />
        ))}
      </ul>
    </div>
  ));
});

interface RowProps {
  job: Job;
  status: string;
  isShown: boolean;
  begin: number;
  waitedUntil: number | null;
}

/** On a phone no row is marked: beside these rows no log is shown there. */
const Row = memo(function Row({ job, status, isShown, begin, waitedUntil }: RowProps) {
  const element = useRef<HTMLLIElement>(null);
  useEffect(() => {
    if (!isShown) return;
    // Where it is needs a layout, which the log that is asked for meanwhile does not wait for.
    const frame = requestAnimationFrame(() => element.current && scrollWithin(element.current));
    return () => cancelAnimationFrame(frame);
  }, [isShown]);
  const segments = segmentsOf(job, begin);
  const last = job.attempts.at(-1);
  const times = timesText(segments);
  return (
    <li ref={element} className="[contain-intrinsic-size:auto_2rem] [content-visibility:auto]">
      <Link
        to={`?job=${job.job}`}
        preventScrollReset
        data-row
        aria-current={isShown}
        className={`grid h-8 grid-cols-[1rem_minmax(0,1fr)_26%_4rem_0.875rem] items-center gap-2 px-3 text-sm no-underline -outline-offset-2 hover:bg-page sm:max-lg:grid-cols-[1rem_minmax(0,1fr)_45%_4rem_0.875rem] lg:grid-cols-[1rem_minmax(0,1fr)_45%_4rem] ${isShown ? "lg:bg-accent-soft" : ""}`}
      >
        <StatusIcon status={status} isNamed />
        <span className="flex min-w-0 items-center gap-1.5">
          <span className="truncate" title={plain(job.name)}>
            <Untrusted text={job.name} />
          </span>
          {job.allow_failure && (
            <span className="text-xs whitespace-nowrap text-muted max-xl:hidden">may fail</span>
          )}
          {job.attempts.length > 1 && <span className="text-xs text-muted">×{job.attempts.length}</span>}
        </span>
        <span className="relative block h-3.5">
          <Bars segments={segments} waitedUntil={waitedUntil} />
        </span>
        <span className="relative text-right text-xs text-muted" title={times}>
          {last?.started_at && (
            <span aria-hidden="true">
              <Span from={last.started_at} to={last.ended_at} />
            </span>
          )}
          <span className="sr-only">{times}</span>
        </span>
        <ChevronRightIcon className="size-3.5 text-muted lg:hidden" />
      </Link>
    </li>
  );
});

/** Shows a row in its list. The page itself stays where it is, which a phone would be taken away from its beginning by. */
function scrollWithin(row: HTMLElement): void {
  const list = row.closest("[data-jobs]");
  if (list === null) return;
  const [inner, outer] = [row.getBoundingClientRect(), list.getBoundingClientRect()];
  if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
  else if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
}

const PLACE =
  "absolute inset-y-0 left-[calc(var(--from)/var(--total)*100%)] w-[calc((var(--to)-var(--from))/var(--total)*100%)] min-w-[2px] rounded-[2px]";

function Bars({ segments, waitedUntil }: { segments: readonly Segment[]; waitedUntil: number | null }) {
  const first = segments[0];
  return (
    <>
      {waitedUntil !== null && first !== undefined && first.from > waitedUntil && (
        <span
          className={`${PLACE} inset-y-1.5 border-t border-dashed border-line-strong`}
          style={place(waitedUntil, first.from)}
          title={`waited ${spanText(first.from - waitedUntil)}`}
        />
      )}
      {segments.map((segment) => (
        <span
          key={`${segment.attempt} ${segment.kind}`}
          className={`${PLACE} ${look(segment)}`}
          style={place(segment.from, segment.to)}
          title={plain(titleOf(segment))}
        />
      ))}
    </>
  );
}

function place(from: number, to: number | null): CSSProperties {
  return { "--from": from, "--to": to ?? "var(--total)" } as CSSProperties;
}

function look(segment: Segment): string {
  if (segment.kind !== "running") return "bg-pending/50";
  return TONE_BAR[segment.status === null ? "running" : toneOf(segment.status)];
}

function titleOf(segment: Segment): string {
  const took = segment.to === null ? "" : ` ${spanText(segment.to - segment.from)}`;
  if (segment.kind !== "running") return `attempt ${segment.attempt}: made ready${took}`;
  return `attempt ${segment.attempt}: ${segment.status === null ? "running" : statusName(segment.status)}${took}`;
}
