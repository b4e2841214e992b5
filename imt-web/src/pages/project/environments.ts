// What is live where, as the list of deployments tells it. It knows only the deployments that it is given: an
// environment that was last deployed to before them is not among the answers.
import type { Deployment } from "../../api/queries";
import { isOver } from "../../ui/status";

export interface Environment {
  name: string;
  /** The deployment whose release runs; null where none has succeeded. */
  live: Deployment | null;
  /** The last one, where it is another one than what runs. */
  last: Deployment | null;
}

/** Of deployments that are listed newest first. */
export function environmentsOf(deployments: readonly Deployment[]): Environment[] {
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
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}

/** Whether something is on its way to an environment. */
export function isOnItsWay(environment: Environment): boolean {
  return environment.last !== null && !isOver(environment.last.status);
}
