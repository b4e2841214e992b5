// A pipeline: its stages, its jobs over time, and the log of the job that is looked at.
import { Link, useParams, useSearchParams } from "react-router";

import type { Job, Pipeline } from "../../api/queries";
import type { LiveState } from "../../live/types";
import { NotThere } from "../../shell/Broken";
import { Fetched } from "../../shell/Fetched";
import { numberIn } from "../../shell/number";
import { Untrusted } from "../../text/Untrusted";
import { ChevronRightIcon } from "../../ui/icons";
import { usePageState } from "../../ui/page-state";
import { statusName, toneOf } from "../../ui/status";
import { Header } from "./Header";
import { JobPane } from "./JobPane";
import { StageGraph } from "./StageGraph";
import { jobToShow } from "./stages";
import { Timeline } from "./Timeline";
import { useLivePipeline } from "./useLivePipeline";
import { useShownJob } from "./useShownJob";

export function Component() {
  const { project = "", number: text } = useParams();
  const number = numberIn(text);
  if (number === null) return <NotThere />;
  return <OfNumber key={`${project} ${number}`} project={project} number={number} />;
}

function OfNumber({ project, number }: { project: string; number: number }) {
  const { query, state } = useLivePipeline(project, number);
  const status = query.data?.status;
  usePageState(
    `${status === undefined ? "" : `${statusName(status)} · `}${project} #${number}`,
    status === undefined ? undefined : toneOf(status),
  );
  return (
    <Fetched
      query={query}
      lines={12}
      title={`Pipeline #${number}`}
      crumbs={[
        { to: "/", text: "Projects" },
        { to: `/projects/${project}`, text: project },
      ]}
    >
      {(pipeline) => <Shown project={project} pipeline={pipeline} state={state} />}
    </Fetched>
  );
}

interface ShownProps {
  project: string;
  pipeline: Pipeline;
  state: LiveState;
}

function Shown({ project, pipeline, state }: ShownProps) {
  const [search] = useSearchParams();
  const wanted = search.get("job");
  const chosen = wanted === null ? undefined : pipeline.jobs.find((job) => String(job.job) === wanted);
  const unchosen = useShownJob(pipeline.jobs);
  // What comes with the jobs comes at once, so that it pushes nothing down afterwards.
  const shown = chosen ?? unchosen ?? jobToShow(pipeline.jobs);
  // On a phone there is room for one: the jobs, or the log of the one that was chosen.
  const isNarrowLog = chosen !== undefined;
  return (
    <div
      data-many={pipeline.jobs.length > 100 ? "" : undefined}
      className="mx-auto flex w-full max-w-[110rem] flex-1 flex-col gap-3 px-3 py-3 sm:px-5 lg:h-[calc(100dvh-3.25rem)] lg:min-h-[34rem] lg:flex-none"
    >
      <div className={`flex flex-col gap-3 ${isNarrowLog ? "max-lg:hidden" : ""}`}>
        <Header project={project} pipeline={pipeline} state={state} />
        {shown !== undefined && <ToLog job={shown} />}
        <StageGraph pipeline={pipeline} shown={shown?.job} />
      </div>
      {/* Before its jobs are known there is nothing that their stages could push down. */}
      {pipeline.jobs.length > 0 && (
        <div className="grid min-h-0 flex-1 gap-3 lg:grid-cols-[minmax(20rem,2fr)_minmax(0,3fr)]">
          <div className={`min-h-0 min-w-0 ${isNarrowLog ? "max-lg:hidden" : ""}`}>
            <Timeline pipeline={pipeline} shown={shown?.job} />
          </div>
          <div
            className={`min-h-0 min-w-0 ${isNarrowLog ? "max-lg:h-[calc(100dvh-5rem)]" : "max-lg:hidden"}`}
          >
            {shown !== undefined && <JobPane project={project} pipeline={pipeline} job={shown} />}
          </div>
        </div>
      )}
    </div>
  );
}

/** Where there is no room for a log beside the jobs: the way to the one that would stand there. */
function ToLog({ job }: { job: Job }) {
  return (
    <Link
      to={`?job=${job.job}`}
      className="flex min-h-10 items-center justify-between gap-2 rounded-lg border border-line-strong bg-surface px-3 text-sm font-medium no-underline lg:hidden"
    >
      <span className="min-w-0 truncate">
        Log of <Untrusted text={job.name} />
      </span>
      <ChevronRightIcon />
    </Link>
  );
}
