// One pipeline in a list.
import { memo } from "react";
import { Link } from "react-router";

import type { PipelineLine } from "../../api/queries";
import { Coded } from "../../text/Coded";
import { Branch, Commit, Note } from "../../ui/Commit";
import { commitUrl } from "../../ui/forge";
import { ClockIcon, TimerIcon } from "../../ui/icons";
import { StatusIcon } from "../../ui/StatusIcon";
import { isBad, reasonText, statusName, triggerName } from "../../ui/status";
import { Span, Time } from "../../ui/Time";

export const PipelineRow = memo(function PipelineRow({
  project,
  address,
  pipeline,
}: {
  project: string;
  /** Of its repository. */
  address: string | null | undefined;
  pipeline: PipelineLine;
}) {
  const why = pipeline.detail ?? (pipeline.reason ? reasonText(pipeline.reason) : null);
  return (
    <li className="relative flex items-center gap-3 px-4 py-2.5 focus-row hover:bg-page">
      <StatusIcon status={pipeline.status} className="size-5" />
      <div className="grid min-w-0 flex-1 items-center gap-x-4 gap-y-0.5 sm:grid-cols-[minmax(0,1fr)_auto] md:grid-cols-[10rem_minmax(0,1fr)_5rem_6rem_6.5rem]">
        <Link
          data-row
          to={`/projects/${project}/pipelines/${pipeline.number}`}
          className="rounded-sm font-medium no-underline after:absolute after:inset-0 after:content-['']"
        >
          #{pipeline.number} <span className="font-normal text-muted">{statusName(pipeline.status)}</span>
        </Link>
        <div className="min-w-0 text-sm max-md:col-span-full max-md:row-start-2">
          <Note subject={pipeline.subject} author={pipeline.author} />
          <p className="flex min-w-0 items-center gap-3">
            {pipeline.branch && <Branch branch={pipeline.branch} project={project} />}
            {pipeline.commit && (
              <Commit commit={pipeline.commit} href={commitUrl(address, pipeline.commit)} />
            )}
          </p>
          {isBad(pipeline.status) && why !== null && (
            <p className="truncate text-muted">
              <Coded text={why} />
            </p>
          )}
        </div>
        <span className="text-sm text-muted max-md:hidden">{triggerName(pipeline.event)}</span>
        <span className="inline-flex items-center gap-1.5 text-sm text-muted max-md:hidden">
          {pipeline.started_at && (
            <>
              <TimerIcon className="size-3.5" />
              <Span from={pipeline.started_at} to={pipeline.ended_at} />
            </>
          )}
        </span>
        <span className="inline-flex items-center gap-1.5 text-sm text-muted">
          <ClockIcon className="size-3.5 max-md:hidden" />
          <Time at={pipeline.submitted_at} />
        </span>
      </div>
    </li>
  );
});
