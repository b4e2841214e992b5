// Fetches the parts that the pages are split into: again where the network was away for a moment, and never again where the
// server has newer pages, whose parts have other names. It does not know what is in a part, nor what is shown without it.

/** How long is waited before each further try. A server that restarts is back within these. */
const PAUSES_MS = [500, 3_000];
const KEY = "imt.reloaded";

/** A part of the pages that could not be had. */
export class PartMissing extends Error {
  override readonly name = "PartMissing";

  constructor(
    /** Whether the server has newer pages, so that this part is gone for good. */
    readonly isOutdated: boolean,
    /** Tries once more, and says whether loading the page again will help. */
    readonly again: () => Promise<boolean>,
    cause: unknown,
  ) {
    super(
      isOutdated
        ? "The server has newer pages than these. Load them."
        : "A part of the pages could not be fetched: the server does not answer, or the network is away.",
      { cause },
    );
  }
}

/** Fetches a part; throws `PartMissing` where it cannot be had. */
export async function part<T>(fetchIt: () => Promise<T>): Promise<T> {
  for (let failures = 0; ; failures += 1) {
    try {
      const fetched = await fetchIt();
      forgetReload();
      return fetched;
    } catch (error) {
      const isOutdated = await isReplaced();
      const pause = isHopeless(error) || isOutdated ? undefined : PAUSES_MS[failures];
      if (pause === undefined) throw new PartMissing(isOutdated, () => helps(fetchIt), error);
      await new Promise((over) => setTimeout(over, pause));
    }
  }
}

async function helps(fetchIt: () => Promise<unknown>): Promise<boolean> {
  try {
    await fetchIt();
    return true;
  } catch {
    // Why it failed is told already.
    return isReplaced();
  }
}

/** A style sheet is asked for once by what the pages are built with: the part would come without it the next time. */
function isHopeless(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("Unable to preload CSS");
}

/** Whether the server's first page begins with another script than this one did. */
async function isReplaced(): Promise<boolean> {
  const begun = document.querySelector('script[type="module"][src]')?.getAttribute("src");
  if (!begun) return false;
  try {
    const answer = await fetch("/", { cache: "no-store", headers: { accept: "text/html" } });
    return answer.ok && !(await answer.text()).includes(`"${begun}"`);
  } catch {
    // A server that does not answer has nothing newer.
    return false;
  }
}

/**
 * Remembers that the page is loaded again by itself, and says whether it may be: once, until a part was fetched. Two servers of
 * different ages behind one address would have it loaded for ever.
 */
export function mayReload(): boolean {
  try {
    if (sessionStorage.getItem(KEY) !== null) return false;
    sessionStorage.setItem(KEY, "1");
    return true;
  } catch {
    // A browser may forbid to keep anything: then whoever looks decides.
    return false;
  }
}

function forgetReload(): void {
  try {
    sessionStorage.removeItem(KEY);
  } catch {
    // Then nothing was kept.
  }
}
