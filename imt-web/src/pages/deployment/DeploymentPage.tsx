// A deployment: its steps as they happen, what was wrong with which service, its log, and the way back.
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { Link, useParams } from "react-router";

import { asks, type Deployment } from "../../api/queries";
import { NotThere } from "../../shell/Broken";
import { Fetched } from "../../shell/Fetched";
import { numberIn } from "../../shell/number";
import { Page, type Crumb } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { Commit } from "../../ui/Commit";
import { OffIcon, ServerIcon } from "../../ui/icons";
import { NowLine } from "../../ui/NowLine";
import { usePageState } from "../../ui/page-state";
import { Skeleton } from "../../ui/Panel";
import { StatusBadge } from "../../ui/StatusIcon";
import { isOver, statusName, toneOf } from "../../ui/status";
import { ClockFacts } from "../../ui/Time";
import { Actions } from "./Actions";
import { Changes } from "./Changes";
import { DeploymentLog } from "./DeploymentLog";
import { nowOf } from "./now";
import { OtherOutcome, Outcome } from "./Outcome";
import { Steps } from "./Steps";
import type { Course } from "./steps";
import { useCourse, type Told } from "./useCourse";
import { useIsTold } from "./useIsTold";
import { useIsTouched } from "./useIsTouched";

export function Component() {
  const { project = "", number: text } = useParams();
  const number = numberIn(text);
  if (number === null) return <NotThere />;
  return <OfNumber key={`${project} ${number}`} project={project} number={number} />;
}

function OfNumber({ project, number }: { project: string; number: number }) {
  const queries = useQueryClient();
  const told = useCourse(project, number);
  const query = useQuery({
    ...asks.deployment(project, number),
    // A page that is hidden may have let go of what it follows: its title and icon are kept true.
    refetchIntervalInBackground: told.state === "connecting",
    refetchInterval: ({ state }) => (state.data !== undefined && isOver(state.data.status) ? false : 5_000),
  });
  // Each step changes how the deployment stands.
  const { steps, isCancelled } = told.course;
  const mark = `${steps.length} ${steps.at(-1)?.endedAt ?? ""} ${isCancelled} ${told.state}`;
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: asks.deployment(project, number).queryKey });
  }, [queries, project, number, mark]);
  const status = query.data?.status;
  usePageState(
    `${status === undefined ? "" : `${statusName(status)} · `}${project} deployment #${number}`,
    status === undefined ? undefined : toneOf(status),
  );
  return (
    <Fetched query={query} lines={10} title={`Deployment #${number}`} crumbs={crumbsOf(project)}>
      {(deployment) => <Shown project={project} deployment={deployment} told={told} />}
    </Fetched>
  );
}

function crumbsOf(project: string): Crumb[] {
  return [
    { to: "/", text: "Projects" },
    { to: `/projects/${project}`, text: project },
    { to: `/projects/${project}/deployments`, text: "Deployments" },
  ];
}

interface ShownProps {
  project: string;
  deployment: Deployment;
  told: Told;
}

function Shown({ project, deployment, told }: ShownProps) {
  const isOn = !isOver(deployment.status);
  const isTold = useIsTold(told, deployment.status, !isOn);
  // Whoever has watched it finds everything where it was when it ends; whoever comes later finds the outcome first.
  const [isWatched] = useState(isOn);
  return (
    <Page
      isWide
      hasActionLine
      crumbs={crumbsOf(project)}
      title={
        <span className="flex flex-wrap items-center gap-3">
          #{deployment.number} <Untrusted text={deployment.environment} />
          <span aria-live="polite">
            <StatusBadge status={isOn && told.course.isCancelled ? "cancelling" : deployment.status} />
          </span>
        </span>
      }
      below={<Facts project={project} deployment={deployment} told={told} isOn={isOn} />}
      actions={<Actions project={project} deployment={deployment} isCancelled={told.course.isCancelled} />}
    >
      {isTold ? (
        <Body project={project} deployment={deployment} course={told.course} isWatched={isWatched} />
      ) : (
        <Skeleton lines={10} />
      )}
    </Page>
  );
}

interface BodyProps {
  project: string;
  deployment: Deployment;
  course: Course;
  isWatched: boolean;
}

function Body({ project, deployment, course, isWatched }: BodyProps) {
  const isOn = !isOver(deployment.status);
  const isTouched = useIsTouched(!isOn);
  const told = isWatched ? null : (deployment.detail ?? null);
  return (
    <>
      {isWatched ? (
        <NowLine {...nowOf(deployment, course)} />
      ) : (
        <Outcome deployment={deployment} course={course} />
      )}
      <div className="grid min-w-0 items-start gap-4 lg:grid-cols-[minmax(20rem,2fr)_minmax(0,3fr)]">
        {/* On a phone the log comes after all that the steps may need, as they come one by one; and closer as soon as it is over and
            somebody moves on. */}
        <div
          className={`min-w-0 space-y-4 ${isWatched && !isTouched ? "max-lg:min-h-[calc(100svh-12rem)]" : ""}`}
        >
          <Steps course={course} isOver={!isOn} told={told} hasOutcome={isWatched} />
          {isWatched && <OtherOutcome deployment={deployment} course={course} />}
        </div>
        <DeploymentLog project={project} number={deployment.number} isOn={isOn} />
      </div>
      {deployment.status === "success" && <Changes project={project} deployment={deployment} />}
    </>
  );
}

function Facts({ project, deployment, told, isOn }: ShownProps & { isOn: boolean }) {
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm text-muted">
      <span className="inline-flex text-text">
        <Commit commit={deployment.commit} />
      </span>
      <span className="inline-flex min-w-0 items-center gap-1.5">
        <ServerIcon className="size-3.5" />
        <Untrusted text={deployment.host} />
      </span>
      <ClockFacts
        submitted={deployment.submitted_at}
        started={deployment.started_at}
        ended={deployment.ended_at}
      />
      {deployment.pipeline_number ? (
        <Link
          to={`/projects/${project}/pipelines/${deployment.pipeline_number}`}
          className="underline hover:text-text"
        >
          after pipeline #{deployment.pipeline_number}
        </Link>
      ) : (
        deployment.pipeline && <span>after a pipeline that is gone</span>
      )}
      {isOn && (told.state === "away" || told.state === "refused") && (
        <span role="status" className="inline-flex items-center gap-1.5">
          <OffIcon className="size-3.5" />
          {told.state === "away" ? "the server is away: reconnecting" : "not live: asked every few seconds"}
        </span>
      )}
    </div>
  );
}
