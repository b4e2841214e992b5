// One environment in a line: what is live there, since when, and what came after it.
import { Link } from "react-router";

import type { Deployment, Release } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { StatusIcon } from "../../ui/StatusIcon";
import { statusName } from "../../ui/status";
import { Time } from "../../ui/Time";
import type { Environment } from "./environments";

export function EnvironmentChip({ project, environment }: { project: string; environment: Environment }) {
  const { live, last, kept } = environment;
  const shown = last ?? live;
  if (shown === null && kept === undefined) return null;
  const address = `/projects/${project}/deployments`;
  return (
    <Link
      to={kept !== undefined || shown === null ? address : `${address}/${shown.number}`}
      className="inline-flex max-w-full flex-wrap items-center gap-x-2 rounded-md border border-line bg-page px-2 py-1 text-sm no-underline hover:border-line-strong"
    >
      <StatusIcon status={live === null && kept === undefined ? "skipped" : "success"} />
      <Untrusted text={environment.name} className="max-w-[calc(100%-2rem)] truncate font-medium" />
      <WhatRuns environment={environment} />
      {last !== null && <Later deployment={last} />}
    </Link>
  );
}

function WhatRuns({ environment: { live, last, kept } }: { environment: Environment }) {
  const runs = live ?? kept;
  if (runs === undefined) return <span className="whitespace-nowrap text-muted">nothing live</span>;
  return (
    <span className="whitespace-nowrap text-muted">
      <Untrusted text={runs.commit.slice(0, 8)} className="font-mono" />{" "}
      {/* On a phone the line is as long as it may be with what came later. */}
      <span className={last === null ? "" : "max-sm:hidden"}>
        {live === null ? (
          kept && <LiveSince release={kept} />
        ) : (
          <Time at={live.ended_at ?? live.submitted_at} />
        )}
      </span>
    </span>
  );
}

/** What came after what runs, with its own sign: that of what runs stands before it. */
function Later({ deployment: { number, status } }: { deployment: Deployment }) {
  return (
    <span className="relative inline-flex items-center gap-x-1.5 whitespace-nowrap text-muted">
      <StatusIcon status={status} />
      <span>
        #{number} <span className="max-sm:sr-only">{statusName(status)}</span>
      </span>
    </span>
  );
}

export function LiveSince({ release }: { release: Release }) {
  return (
    <>
      live · <Time at={release.judged_at} />
    </>
  );
}
