// One environment in a line: what is live there, since when, and what came after it.
import { Link } from "react-router";

import { Untrusted } from "../../text/Untrusted";
import { StatusIcon } from "../../ui/StatusIcon";
import { statusName } from "../../ui/status";
import { Time } from "../../ui/Time";
import type { Environment } from "./environments";

export function EnvironmentChip({ project, environment }: { project: string; environment: Environment }) {
  const { live, last } = environment;
  const shown = last ?? live;
  if (shown === null) return null;
  return (
    <Link
      to={`/projects/${project}/deployments/${shown.number}`}
      className="inline-flex max-w-full flex-wrap items-center gap-x-2 rounded-md border border-line bg-page px-2 py-1 text-sm no-underline hover:border-line-strong"
    >
      <StatusIcon status={shown.status} isNamed />
      <Untrusted text={environment.name} className="max-w-[calc(100%-2rem)] truncate font-medium" />
      {live === null ? (
        <span className="whitespace-nowrap text-muted">nothing live</span>
      ) : (
        <span className="whitespace-nowrap text-muted">
          <span className="font-mono">{live.commit.slice(0, 8)}</span>{" "}
          <Time at={live.ended_at ?? live.submitted_at} />
        </span>
      )}
      {last !== null && live !== null && (
        <span className="whitespace-nowrap text-muted max-sm:hidden">
          · #{last.number} {statusName(last.status)}
        </span>
      )}
    </Link>
  );
}
