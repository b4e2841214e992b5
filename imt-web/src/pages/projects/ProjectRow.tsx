// One project in the list: how its last pipeline went, and those before it, and what is live where.
import { memo } from "react";
import { Link } from "react-router";

import type { Overview, PipelineLine } from "../../api/queries";
import { Coded } from "../../text/Coded";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { useSlowNow } from "../../ui/clock";
import { Branch, Commit, Note } from "../../ui/Commit";
import { Strip } from "../../ui/PipelineChart";
import { StatusIcon } from "../../ui/StatusIcon";
import { isBad, reasonText, statusName } from "../../ui/status";
import { Span, Time } from "../../ui/Time";
import { EnvironmentChip } from "../project/EnvironmentChip";

export const ProjectRow = memo(function ProjectRow({ line }: { line: Overview }) {
  const now = useSlowNow();
  const { project, last, recent, environments } = line;
  return (
    <li className="relative grid min-h-18 grid-cols-[auto_minmax(0,1fr)] items-center gap-x-4 gap-y-2 rounded-lg border border-line bg-surface px-4 py-3 focus-row hover:border-line-strong md:grid-cols-[auto_minmax(0,1fr)_minmax(0,1.2fr)_11rem]">
      <StatusIcon status={last?.status ?? "skipped"} className="size-7" />
      <div className="min-w-0">
        <h2 className="truncate text-base font-semibold">
          <Link
            data-row
            to={`/projects/${project.name}`}
            className="rounded-sm no-underline after:absolute after:inset-0 after:content-['']"
          >
            <Untrusted text={project.name} />
          </Link>
        </h2>
        <Address text={project.repo_url ?? "no repository"} />
      </div>
      <div className="min-w-0 space-y-1 text-sm max-md:col-start-2">
        {last ? (
          <LastPipeline project={project.name} pipeline={last} />
        ) : (
          <p className="text-muted">no pipeline yet</p>
        )}
      </div>
      <div className="max-md:hidden">
        <Strip pipelines={recent} now={now} />
      </div>
      {environments.length > 0 && (
        <div className="relative flex min-w-0 flex-wrap gap-2 max-md:col-start-2 md:col-span-full md:pl-11">
          {environments.map(({ name, live = null, last: newest = null }) => (
            <EnvironmentChip key={name} project={project.name} environment={{ name, live, last: newest }} />
          ))}
        </div>
      )}
    </li>
  );
});

/** The end of an address is what tells it from others: it is cut before that. */
function Address({ text }: { text: string }) {
  const place = text.lastIndexOf("/");
  const isCut = place > 0;
  return (
    <p className="flex min-w-0 text-sm whitespace-nowrap text-muted" title={plain(text)}>
      {isCut && <Untrusted text={text.slice(0, place)} className="truncate" />}
      <span className="max-w-3/4 shrink-0 truncate">
        <Untrusted text={isCut ? text.slice(place) : text} />
      </span>
    </p>
  );
}

function LastPipeline({ project, pipeline }: { project: string; pipeline: PipelineLine }) {
  const why = pipeline.detail ?? (pipeline.reason ? reasonText(pipeline.reason) : null);
  return (
    <>
      <p className="flex min-w-0 items-center gap-2">
        <Link
          to={`/projects/${project}/pipelines/${pipeline.number}`}
          className="relative font-medium whitespace-nowrap no-underline hover:underline"
        >
          #{pipeline.number} {statusName(pipeline.status)}
        </Link>
        {pipeline.branch && <Branch branch={pipeline.branch} />}
        {pipeline.commit && <Commit commit={pipeline.commit} />}
      </p>
      <Note subject={pipeline.subject} author={pipeline.author} />
      {isBad(pipeline.status) && why !== null && (
        <p className="truncate text-failed-text" title={plain(why)}>
          <Coded text={why} />
        </p>
      )}
      <p className="flex gap-3 text-muted">
        <Time at={pipeline.submitted_at} />
        {pipeline.started_at && <Span from={pipeline.started_at} to={pipeline.ended_at} />}
      </p>
    </>
  );
}
