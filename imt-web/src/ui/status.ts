// The statuses of pipelines, jobs and deployments: what they are called, and which of six tones they have. It knows
// nothing of how a tone looks.

export type Tone = "success" | "running" | "failed" | "errored" | "pending" | "idle";

const KNOWN: Record<string, { tone: Tone; name: string; isOver: boolean }> = {
  pending: { tone: "pending", name: "waiting", isOver: false },
  running: { tone: "running", name: "running", isOver: false },
  deploying: { tone: "running", name: "deploying", isOver: false },
  success: { tone: "success", name: "succeeded", isOver: true },
  failed: { tone: "failed", name: "failed", isOver: true },
  errored: { tone: "errored", name: "errored", isOver: true },
  cancelled: { tone: "idle", name: "cancelled", isOver: true },
  skipped: { tone: "idle", name: "skipped", isOver: true },
  rolled_back: { tone: "errored", name: "rolled back", isOver: true },
  rollback_failed: { tone: "failed", name: "rollback failed", isOver: true },
  unknown: { tone: "errored", name: "outcome unknown", isOver: true },
  // Not the server's words: what these pages know while it does not say so itself.
  cancelling: { tone: "running", name: "cancelling", isOver: false },
  preparing: { tone: "running", name: "preparing", isOver: false },
};

export function toneOf(status: string): Tone {
  return KNOWN[status]?.tone ?? "idle";
}

export function statusName(status: string): string {
  return KNOWN[status]?.name ?? words(status);
}

export function isOver(status: string): boolean {
  return KNOWN[status]?.isOver ?? false;
}

/** Whether something ended in a way that somebody has to look at. */
export function isBad(status: string): boolean {
  const tone = toneOf(status);
  return tone === "failed" || tone === "errored";
}

/** A word of the API as words for people. */
export function words(word: string): string {
  return word.replaceAll("_", " ");
}

const TRIGGERS: Record<string, { name: string; begun: string }> = {
  push: { name: "push", begun: "on push" },
  tag: { name: "tag", begun: "on tag" },
  manual: { name: "by hand", begun: "started by hand" },
  api: { name: "API", begun: "started over the API" },
};

/** What begins pipelines, in a word or two. */
export function triggerName(event: string): string {
  return TRIGGERS[event]?.name ?? words(event);
}

/** What a pipeline was begun by, beside its other facts. */
export function begunText(event: string): string {
  return TRIGGERS[event]?.begun ?? `on ${words(event)}`;
}

const REASONS: Record<string, string> = {
  exit_code: "its script ended with another code than 0",
  signal: "a signal ended its script",
  out_of_memory: "it used more memory than it was given",
  timeout: "it took longer than it may",
  user: "somebody asked for the end",
  superseded: "a newer one took its place",
  shutdown: "the runner was told to stop",
  runner_lost: "its runner is gone, and so is its outcome",
  no_shell: "its image has no sh",
  image_not_found: "its image is not there",
  image_pull_denied: "its image may not be fetched",
  image_pull_failed: "its image could not be fetched",
  engine_unavailable: "no container engine answered",
  engine_permission: "the container engine refused the runner",
  disk_full: "a disk is full",
  commit_not_found: "the commit is not in the repository",
  checkout_failed: "the repository could not be read",
  workspace_failed: "the workspace could not be made",
  unsupported: "it asks for what this executor cannot do",
  earlier_stage_failed: "a job of an earlier stage did not succeed",
  when: "it is not for this trigger",
  not_selected: "other jobs were selected",
  not_deployed: "the deployment that was to follow could not be accepted",
  internal: "a fault in IMT itself",
  invalid_model: "the compose files say something that cannot be deployed",
  build_failed: "an image could not be built",
  push_failed: "an image could not be pushed",
  locked: "another deployment holds the target",
  target_unfit: "the target lacks something",
  conflict: "something on the target is in the way",
  transfer_failed: "the files did not arrive",
  pull_failed: "the target could not fetch an image",
  hook_failed: "a hook failed",
  up_failed: "compose could not start it",
  unhealthy: "a service is not healthy",
  mismatch: "the target runs something else than was meant",
  contact_lost: "contact with the target was lost",
  lock_lost: "the lock of the target was lost",
  release_not_found: "there is no such release",
};

/** A reason as a sentence that goes on after a colon. */
export function reasonText(reason: string): string {
  return REASONS[reason] ?? words(reason);
}
