// What came of a delivery, in words.

export interface Outcome {
  text: string;
  /** A status that looks like it. */
  status: string;
  pipeline: number | null;
}

const SKIPPED: Record<string, string> = {
  found_before: "its push was found before it came in",
  event: "its event sets nothing off",
  branch: "pushes to its branch do not count",
  pushes_off: "pushes are not run in this project",
  archived: "the project is in the archive",
  asked: "its commit says that nothing is to be run",
  branch_removed: "it removed a branch",
  no_pipeline_file: "its commit has no pipeline file",
};

/** What the state of a delivery, as the server tells it, means. */
export function outcomeOf(state: unknown): Outcome {
  const odd: Outcome = { text: "the server says no more", status: "skipped", pipeline: null };
  if (!isRecord(state)) return odd;
  if (state["state"] === "open") {
    const failure = state["failure"];
    const text = typeof failure === "string" ? `tried again, as: ${failure}` : "is worked on";
    return { text, status: "pending", pipeline: null };
  }
  const outcome = state["outcome"];
  if (!isRecord(outcome)) return odd;
  switch (outcome["type"]) {
    case "pipeline": {
      const number = outcome["number"];
      return {
        text: "made a pipeline",
        status: "success",
        pipeline: typeof number === "number" ? number : null,
      };
    }
    case "failed":
      return { text: textOf(outcome["detail"]), status: "failed", pipeline: null };
    case "skipped":
      return { text: skipped(outcome["reason"]), status: "skipped", pipeline: null };
    default:
      return odd;
  }
}

function skipped(reason: unknown): string {
  const word = textOf(reason);
  return SKIPPED[word] ?? word.replaceAll("_", " ");
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
