// How pipelines went: a bar for each, as high as it took long, in the colour and pattern of how it ended. The newest is
// on the right. It does not know where pipelines come from.
import { Link } from "react-router";

import type { PipelineLine } from "../api/queries";
import { plain } from "../text/marks";
import { count, exactText, spanText } from "./duration";
import { TONE_BAR } from "./StatusIcon";
import { isOver, statusName, toneOf } from "./status";

/** What a bar tells of. */
type Ran = Pick<PipelineLine, "number" | "status" | "started_at" | "ended_at">;

export interface Bar<P extends Ran> {
  pipeline: P;
  /** How long it ran, in milliseconds; 0 where it never did. */
  tookMs: number;
  /** Of the full height, 0 to 1. */
  height: number;
  /** It took longer than the full height tells. */
  isCut: boolean;
}

export interface Bars<P extends Ran> {
  bars: Bar<P>[];
  /** How long took what has the full height, in milliseconds. */
  fullMs: number;
}

/** The bars of pipelines that are listed newest first. The highest stands for the longest but for outliers. */
export function barsOf<P extends Ran>(pipelines: readonly P[], now: number): Bars<P> {
  const took = pipelines.map((pipeline) => tookMs(pipeline, now));
  const sorted = took.toSorted((a, b) => a - b);
  // One that hung for a day would make all others look alike.
  const usual = sorted[Math.floor(sorted.length * 0.9)] ?? 0;
  const fullMs = Math.max(1, Math.min(usual * 1.5, sorted.at(-1) ?? 0));
  const bars = pipelines.map((pipeline, place) => {
    const span = took[place] ?? 0;
    return { pipeline, tookMs: span, height: Math.min(1, span / fullMs), isCut: span > fullMs };
  });
  return { bars: bars.toReversed(), fullMs };
}

function tookMs(pipeline: Ran, now: number): number {
  if (!pipeline.started_at) return 0;
  const end = pipeline.ended_at ? Date.parse(pipeline.ended_at) : now;
  return Math.max(0, end - Date.parse(pipeline.started_at));
}

/** What a chart says, in words. What was cancelled or skipped neither succeeded nor failed. */
export function summary(pipelines: readonly Ran[]): string {
  const over = pipelines.filter(({ status }) => isOver(status) && toneOf(status) !== "idle");
  const good = over.filter((pipeline) => pipeline.status === "success").length;
  return `${good} of ${count(over.length, "pipeline")} succeeded`;
}

/** How long one that succeeds takes, in words: half of them take longer. Nothing where none has succeeded. */
export function usualText(pipelines: readonly Ran[]): string {
  const good = pipelines.filter((pipeline) => pipeline.status === "success");
  const took = good.map((pipeline) => tookMs(pipeline, 0)).toSorted((a, b) => a - b);
  const usual = took[Math.floor((took.length - 1) / 2)];
  return usual === undefined ? "" : `typically ${spanText(usual)}`;
}

export function Strip({
  pipelines,
  now,
  places = 20,
}: {
  pipelines: readonly Ran[];
  now: number;
  places?: number;
}) {
  const { bars } = barsOf(pipelines.slice(0, places), now);
  return (
    <div
      role="img"
      aria-label={summary(pipelines.slice(0, places))}
      className="flex h-8 items-end justify-end gap-[3px]"
    >
      {bars.map((bar) => (
        <span
          key={bar.pipeline.number}
          className={`w-1.5 rounded-[2px] ${TONE_BAR[toneOf(bar.pipeline.status)]}`}
          style={{ height: `${16 + bar.height * 84}%` }}
        />
      ))}
    </div>
  );
}

/** The same in large: each bar leads to its pipeline. */
export function PipelineChart({
  project,
  pipelines,
  now,
}: {
  project: string;
  pipelines: readonly PipelineLine[];
  now: number;
}) {
  const { bars, fullMs } = barsOf(pipelines, now);
  return (
    <figure className="min-w-0">
      <ol
        className="flex h-24 items-end gap-1 overflow-hidden"
        aria-label="Duration of the last pipelines, oldest first"
      >
        {bars.map(({ pipeline, tookMs, height, isCut }) => (
          <li key={pipeline.number} className="flex h-full max-w-7 min-w-0 flex-1 items-end">
            <Link
              to={`/projects/${project}/pipelines/${pipeline.number}`}
              title={plain(
                `#${pipeline.number} ${statusName(pipeline.status)}, ${spanText(tookMs)}\n${pipeline.branch ?? ""} ${exactText(Date.parse(pipeline.submitted_at))}`,
              )}
              aria-label={`Pipeline ${pipeline.number}: ${statusName(pipeline.status)}, ${spanText(tookMs)}`}
              className="group flex h-full w-full items-end"
            >
              <span
                className={`relative w-full overflow-hidden rounded-t-[3px] group-hover:opacity-70 ${TONE_BAR[toneOf(pipeline.status)]}`}
                style={{ height: `${6 + height * 94}%` }}
              >
                {isCut && <span className="absolute -inset-x-1 top-2 h-1 -rotate-12 bg-surface" />}
              </span>
            </Link>
          </li>
        ))}
      </ol>
      <figcaption className="mt-1.5 flex justify-between gap-x-4 text-xs text-muted max-sm:flex-col">
        <span className="min-w-0 truncate">{scaleText(bars, fullMs)}</span>
        <span className="whitespace-nowrap">striped: failed · grey: cancelled</span>
      </figcaption>
    </figure>
  );
}

/** How high is how long. Where nothing ran, the first line of a phone's two stays empty, but it stays. */
function scaleText(bars: readonly Bar<Ran>[], fullMs: number): string {
  const longest = Math.max(0, ...bars.map((bar) => bar.tookMs));
  if (longest === 0) return "\u00a0";
  const full = `full height: ${spanText(fullMs)}`;
  return longest > fullMs ? `${full} · notched: longer, up to ${spanText(longest)}` : full;
}
