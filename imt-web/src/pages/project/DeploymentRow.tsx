// One deployment in a list.
import { Link } from "react-router";

import type { Deployment } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Commit } from "../../ui/Commit";
import { StatusIcon } from "../../ui/StatusIcon";
import { isBad, reasonText, statusName } from "../../ui/status";
import { Span, Time } from "../../ui/Time";

export function DeploymentRow({ project, deployment }: { project: string; deployment: Deployment }) {
  const why = deployment.detail ?? (deployment.reason ? reasonText(deployment.reason) : null);
  return (
    <li className="relative flex items-center gap-3 px-4 py-2.5 focus-row hover:bg-page">
      <StatusIcon status={deployment.status} className="size-5" />
      <div className="grid min-w-0 flex-1 items-center gap-x-4 gap-y-0.5 sm:grid-cols-[minmax(0,1fr)_auto] md:grid-cols-[13rem_minmax(0,1fr)_6rem_5.5rem]">
        <Link
          data-row
          to={`/projects/${project}/deployments/${deployment.number}`}
          className="rounded-sm font-medium no-underline after:absolute after:inset-0 after:content-['']"
        >
          #{deployment.number} <span className="font-normal text-muted">{statusName(deployment.status)}</span>
        </Link>
        <div className="min-w-0 text-sm max-md:col-span-full max-md:row-start-2">
          <p className="flex min-w-0 flex-wrap items-center gap-x-3">
            <Untrusted text={deployment.environment} className="font-medium" />
            <Commit commit={deployment.commit} />
            <span className="truncate text-muted">
              on <Untrusted text={deployment.host} />
            </span>
            {deployment.pipeline_number && (
              <Link
                to={`/projects/${project}/pipelines/${deployment.pipeline_number}`}
                className="relative text-muted no-underline hover:underline"
              >
                after pipeline #{deployment.pipeline_number}
              </Link>
            )}
          </p>
          {isBad(deployment.status) && why !== null && (
            <p className="truncate text-muted">
              <Untrusted text={why} />
            </p>
          )}
        </div>
        <span className="text-sm text-muted max-md:hidden">
          {deployment.started_at && <Span from={deployment.started_at} to={deployment.ended_at} />}
        </span>
        <span className="text-sm text-muted">
          <Time at={deployment.submitted_at} />
        </span>
      </div>
    </li>
  );
}
