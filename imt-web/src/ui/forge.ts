// Where a commit is to be seen: at the forge of its repository, as far as the address tells. Pure. It only goes by the address
// that a project's owner has written, never by what the repository itself says.

/** The page of a commit; null where the address is none that a browser goes to. */
export function commitUrl(repoUrl: string | null | undefined, commit: string): string | null {
  if (!repoUrl || !/^https?:\/\//i.test(repoUrl) || !/^[0-9a-f]{7,64}$/i.test(commit)) return null;
  if (!URL.canParse(repoUrl)) return null;
  const url = new URL(repoUrl);
  const path = url.pathname.replace(/\/+$/, "").replace(/\.git$/, "");
  if (path === "") return null;
  const way = url.hostname.includes("gitlab") ? "/-/commit/" : "/commit/";
  // Its origin is without whatever signs one in.
  return `${url.origin}${path}${way}${commit}`;
}
