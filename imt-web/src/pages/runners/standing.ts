// How a runner stands, as one word and one sign.
import type { Schemas } from "../../api/client";

type Standing = Pick<Schemas["RunnerView"], "is_alive" | "is_draining" | "driving">;

/** `status`: one whose sign looks like it. Of one that is idle nothing succeeded: its sign says nothing. */
export function standingOf(runner: Standing): { text: string; status: string } {
  if (!runner.is_alive) return { text: "silent", status: "unknown" };
  if (runner.is_draining) return { text: "draining", status: "cancelling" };
  return runner.driving > 0 ? { text: "at work", status: "running" } : { text: "idle", status: "skipped" };
}
