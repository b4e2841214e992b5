// What a pipeline is, how it stands and why, and what can be done with it.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "react-router";

import { asks, type Pipeline } from "../../api/queries";
import type { LiveState } from "../../live/types";
import { Coded } from "../../text/Coded";
import { Untrusted } from "../../text/Untrusted";
import { Branch, Commit, Note } from "../../ui/Commit";
import { commitUrl } from "../../ui/forge";
import { OffIcon, ServerIcon } from "../../ui/icons";
import { NowLine } from "../../ui/NowLine";
import { StatusBadge, StatusIcon } from "../../ui/StatusIcon";
import { begunText, isBad, isOver, statusName } from "../../ui/status";
import { ClockFacts } from "../../ui/Time";
import { Actions } from "./Actions";
import { nowOf, whyOf } from "./now";
import { Scrolled } from "../../ui/Scrolled";

interface HeaderProps {
  project: string;
  pipeline: Pipeline;
  state: LiveState;
}

export function Header({ project, pipeline, state }: HeaderProps) {
  // Whoever has watched it finds everything where it was when it ends.
  const [isWatched] = useState(!isOver(pipeline.status));
  const status = pipeline.cancel && !isOver(pipeline.status) ? "cancelling" : pipeline.status;
  return (
    <header className="space-y-2">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          <nav aria-label="Where this is" className="text-sm text-muted">
            <Link to="/" className="no-underline hover:text-text hover:underline">
              Projects
            </Link>
            <span aria-hidden="true"> / </span>
            <Link to={`/projects/${project}`} className="no-underline hover:text-text hover:underline">
              <Untrusted text={project} />
            </Link>
            <span aria-hidden="true"> /</span>
          </nav>
          <h1 className="text-xl font-bold tracking-tight">#{pipeline.number}</h1>
          <span aria-live="polite">
            <StatusBadge status={status} />
          </span>
          <LiveSign state={state} isOver={isOver(pipeline.status)} />
        </div>
        <Actions project={project} pipeline={pipeline} />
      </div>
      <Note subject={pipeline.subject} author={pipeline.author} />
      <Facts project={project} pipeline={pipeline} />
      {isWatched ? <NowLine {...nowOf(pipeline)} /> : <Why pipeline={pipeline} />}
      <Deployments project={project} pipeline={pipeline} />
    </header>
  );
}

/** A quiet sign while what happens cannot be told live. */
function LiveSign({ state, isOver: isEnded }: { state: LiveState; isOver: boolean }) {
  if (isEnded || (state !== "away" && state !== "refused")) return null;
  return (
    <span className="inline-flex items-center gap-1.5 text-sm text-muted" role="status">
      <OffIcon className="size-3.5" />
      {state === "away" ? "the server is away: reconnecting" : "not live: asked every few seconds"}
    </span>
  );
}

function Facts({ project, pipeline }: { project: string; pipeline: Pipeline }) {
  const address = useQuery(asks.project(project)).data?.repo_url;
  return (
    <div className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-1 text-sm">
      {pipeline.branch && <Branch branch={pipeline.branch} project={project} />}
      {pipeline.commit && <Commit commit={pipeline.commit} href={commitUrl(address, pipeline.commit)} />}
      <span className="text-muted">{begunText(pipeline.event)}</span>
      <ClockFacts submitted={pipeline.submitted_at} started={pipeline.started_at} ended={pipeline.ended_at} />
      {pipeline.labels.length > 0 && (
        <span className="inline-flex min-w-0 items-center gap-1.5 text-muted">
          <ServerIcon className="size-3.5" />
          <Untrusted text={pipeline.labels.join(", ")} />
        </span>
      )}
    </div>
  );
}

function Why({ pipeline }: { pipeline: Pipeline }) {
  const why = whyOf(pipeline);
  if (why === null) return null;
  const look = isBad(pipeline.status) ? "bg-failed-soft text-failed-text" : "bg-idle-soft text-idle-text";
  return (
    <Scrolled as="p" className={`max-h-32 rounded-md px-3 py-1.5 text-sm ${look}`}>
      <Coded text={why} />
    </Scrolled>
  );
}

function Deployments({ project, pipeline }: { project: string; pipeline: Pipeline }) {
  if (pipeline.deployments.length === 0) {
    if (!pipeline.deploys) return null;
    const isUndone = isOver(pipeline.status) && pipeline.status !== "success";
    // As high as deployments are.
    return (
      <p className="flex min-h-8 items-center text-sm text-muted">
        {isUndone ? "Nothing was deployed." : "It is deployed once all its jobs have succeeded."}
      </p>
    );
  }
  return (
    <ul className="flex flex-wrap gap-2" aria-label="Deployments of this pipeline">
      {pipeline.deployments.map((deployment) => (
        <li key={deployment.id}>
          <Link
            to={`/projects/${project}/deployments/${deployment.number}`}
            className="inline-flex items-center gap-2 rounded-md border border-line bg-surface px-2.5 py-1 text-sm no-underline hover:border-line-strong"
          >
            <StatusIcon status={deployment.status} />
            <Untrusted text={deployment.environment} className="font-medium" />
            <span className="text-muted">
              #{deployment.number} {statusName(deployment.status)}
            </span>
          </Link>
        </li>
      ))}
    </ul>
  );
}
