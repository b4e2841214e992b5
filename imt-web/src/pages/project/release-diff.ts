// What differs between two releases, as the server tells it, in few words. Pure.
import type { Schemas } from "../../api/client";

type Difference = Schemas["DifferenceView"];

/** Whether there is nothing to tell. */
export function isNothing(found: Difference): boolean {
  const named = [found.services, found.files, found.profiles];
  return named.every((items) => items.length === 0) && !found.variables_differ;
}

/** How many services run the same image in both. */
export function sameServices(found: Difference, to: Pick<Schemas["ReleaseView"], "images">): number {
  const changed = new Set(found.services.map(({ service }) => service));
  return Object.keys(to.images).filter((service) => !changed.has(service)).length;
}

/** What compose files set otherwise, each by its service and its keys. */
export function settingsOf({ settings }: Pick<Difference, "settings">): Difference["files"] {
  return settings.map(({ service, name, kind }) => ({ name: service ? `${service}: ${name}` : name, kind }));
}

/** A reference may stand for another image today than yesterday: the digest tells. */
export function imageText({ reference, digest }: Schemas["ImageView"]): string {
  return digest && !reference.includes("@") ? `${reference} ${digest}` : reference;
}

/** As long as it takes to tell one commit or digest from another. */
export function shortened(image: string): string {
  return image.replaceAll(/[0-9a-f]{40,}/g, (hash) => `${hash.slice(0, 12)}…`);
}

interface Kept {
  id: string;
  environment: string;
  verdict: string;
  judged_at: string;
}

/** The release that a deployment made, which has its id, with the good one that it took the place of. */
export function madeBy<R extends Kept>(
  deployment: string,
  releases: readonly R[],
): { from: R; to: R } | null {
  const to = releases.find((release) => release.id === deployment);
  if (to === undefined) return null;
  const before = releases.filter(
    (release) =>
      release.environment === to.environment &&
      release.verdict === "good" &&
      release.id !== to.id &&
      release.judged_at < to.judged_at,
  );
  const from = before.toSorted((a, b) => b.judged_at.localeCompare(a.judged_at))[0];
  return from === undefined ? null : { from, to };
}
