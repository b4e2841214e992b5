// Which release can be put in the place of what runs, and whether that is a way back. Pure.
import type { Release } from "../../api/queries";

/** Whether a release was made before the one that runs: only then what is done is going back. */
export function isBack(release: Pick<Release, "created_at">, current: Pick<Release, "created_at"> | null) {
  return current !== null && Date.parse(release.created_at) < Date.parse(current.created_at);
}

export interface Offer {
  release: Release;
  current: Release | null;
}

/** What a deployment's page offers: the release that it made itself, else the one that was found good last; null: there is none. */
export function offerOf(
  deployment: { id: string; environment: string },
  releases: readonly Release[],
): Offer | null {
  const ofIt = releases.filter(({ environment }) => environment === deployment.environment);
  const current = ofIt.find((release) => release.is_current) ?? null;
  const good = ofIt.filter((release) => release.verdict === "good" && !release.is_current);
  const own = good.find((release) => release.id === deployment.id);
  const release = own ?? good.toSorted((a, b) => Date.parse(b.judged_at) - Date.parse(a.judged_at))[0];
  return release === undefined ? null : { release, current };
}
