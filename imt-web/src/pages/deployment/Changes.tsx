// What a deployment that succeeded has changed, as far as its release and the one before it are kept.
import { useQuery } from "@tanstack/react-query";

import { asks, type Deployment } from "../../api/queries";
import { madeBy } from "../project/release-diff";
import { ReleaseDiff } from "../project/ReleaseDiff";

export function Changes({ project, deployment }: { project: string; deployment: Deployment }) {
  const releases = useQuery(asks.releases(project));
  const both = madeBy(deployment.id, releases.data?.items ?? []);
  if (both === null) return null;
  return (
    <details className="min-w-0 rounded-lg border border-line bg-surface">
      <summary className="cursor-pointer px-4 py-2.5 font-semibold">What it changed</summary>
      <div className="border-t border-line p-4">
        <ReleaseDiff project={project} {...both} />
      </div>
    </details>
  );
}
