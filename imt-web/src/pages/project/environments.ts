// What is live where, as the last deployments tell it, and the releases where those do not reach back far enough. Pure.
import type { Deployment, Release } from "../../api/queries";
import { isOver } from "../../ui/status";

export interface Environment {
  name: string;
  /** The deployment whose release runs; null where none has succeeded. */
  live: Deployment | null;
  /** The last one, where it is another one than what runs. */
  last: Deployment | null;
  /** The release that runs, where the deployment that brought it is not known any more. */
  kept?: Release;
}

/** Of deployments that are listed newest first. */
export function environmentsOf(
  deployments: readonly Deployment[],
  releases: readonly Release[] = [],
): Environment[] {
  const found = new Map<string, Environment>();
  for (const deployment of deployments) {
    const known = found.get(deployment.environment);
    const isGood = deployment.status === "success";
    if (known === undefined) {
      found.set(deployment.environment, {
        name: deployment.environment,
        live: isGood ? deployment : null,
        last: isGood ? null : deployment,
      });
    } else if (known.live === null && isGood) {
      known.live = deployment;
    }
  }
  for (const release of releases.filter((one) => one.is_current)) {
    const known = found.get(release.environment) ?? { name: release.environment, live: null, last: null };
    if (known.live === null) found.set(known.name, { ...known, kept: release });
  }
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Whether something is on its way to an environment. */
export function isOnItsWay(environment: Environment): boolean {
  return environment.last !== null && !isOver(environment.last.status);
}
