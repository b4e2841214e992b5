// A deployment as its steps: what is known of it after so many of its changes. Pure; what is not understood is left out.
import type { Change } from "../../live/messages";
import { nowStanding, type Standing } from "./standings";

export type StepState = "running" | "stopping" | "lost" | "done" | "failed" | "not_begun";

/** A service that is not as it should be, with what the engine said of it. */
export interface SickService {
  service: string;
  cause: string;
  state: string;
  restarts: number;
  exitCode: number | null;
  isOutOfMemory: boolean;
  error: string | null;
}

export interface Step {
  name: string;
  /** Which try of it. */
  number: number;
  /** Whether it is on the way back. */
  isBack: boolean;
  beganAt: string;
  endedAt: string | null;
  state: StepState;
  detail: string | null;
  services: SickService[];
  /** How the services stand that it watches, as this try has seen them last. */
  standings: Standing[];
  warnings: string[];
}

export interface Course {
  steps: Step[];
  /** Who holds the target, while this deployment waits for it. */
  holder: string | null;
  /** The way that is taken instead of the one forward. */
  path: string | null;
  isCancelled: boolean;
}

export const BEGIN: Course = { steps: [], holder: null, path: null, isCancelled: false };

/** What is known after one more change. */
export function after(course: Course, change: Change): Course {
  const { kind, at } = change;
  const name = text(kind["step"]);
  switch (kind.type) {
    case "step_began": {
      const step: Step = {
        name,
        number: number(kind["number"]) ?? 1,
        isBack: course.path !== null,
        beganAt: at,
        endedAt: null,
        state: "running",
        detail: null,
        services: [],
        standings: [],
        warnings: [],
      };
      // A step that begins again takes the place of its earlier try.
      const others = course.steps.filter((other) => !(other.name === name && other.endedAt === null));
      return { ...course, holder: null, steps: [...others, step] };
    }
    case "waiting":
      return { ...course, holder: text(kind["holder"]) };
    case "contact_lost":
      return changed(course, name, (step) => ({ ...step, state: "lost" }));
    case "services_seen":
      return changed(course, name, (step) => ({
        ...step,
        standings: nowStanding(step.standings, kind["services"], at),
      }));
    case "step_stopping":
      return changed(course, name, (step) => ({ ...step, state: "stopping" }));
    case "step_ended":
      return {
        ...changed(course, name, (step) => ({ ...step, endedAt: at, ...resultOf(kind["result"]) })),
        holder: null,
      };
    case "cancel_requested":
      return { ...course, isCancelled: true };
    case "turned_back":
      return { ...course, path: text(kind["path"]) };
    default:
      return course;
  }
}

function changed(course: Course, name: string, how: (step: Step) => Step): Course {
  const place = course.steps.findLastIndex((step) => step.name === name);
  const step = course.steps[place];
  return step === undefined ? course : { ...course, steps: course.steps.with(place, how(step)) };
}

type Result = Pick<Step, "state" | "detail" | "services" | "warnings">;

function resultOf(result: unknown): Result {
  const nothing = { detail: null, services: [], warnings: [] };
  if (!isRecord(result)) return { ...nothing, state: result === "not_begun" ? "not_begun" : "done" };
  const { failed, done } = result;
  if (isRecord(failed)) {
    const services = Array.isArray(failed["services"]) ? failed["services"].filter(isRecord).map(sick) : [];
    return { ...nothing, state: "failed", detail: text(failed["detail"]), services };
  }
  const warnings = isRecord(done) && Array.isArray(done["warnings"]) ? done["warnings"].map(text) : [];
  return { ...nothing, state: "done", warnings };
}

function sick(service: Record<string, unknown>): SickService {
  return {
    service: text(service["service"]),
    cause: text(service["cause"]),
    state: text(service["state"]),
    restarts: number(service["restarts"]) ?? 0,
    exitCode: number(service["exit_code"]),
    isOutOfMemory: service["is_oom_killed"] === true,
    error: typeof service["error"] === "string" ? service["error"] : null,
  };
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function number(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const STEPS: Record<string, string> = {
  resolve: "read the compose files",
  publish: "build and push the images",
  lock: "lock the target",
  close: "close what was left open",
  preflight: "look whether the target is fit",
  snapshot: "look at what runs now",
  render: "write the release",
  load: "fetch the kept release",
  transfer: "send the files",
  pull: "fetch the images",
  install: "put the files in place",
  hooks_before: "run the hooks before the start",
  clear: "set aside what is in the way",
  up: "start the services",
  remove_orphans: "remove what is no longer wanted",
  verify: "wait until all are healthy",
  hooks_after: "run the hooks after it",
  commit: "record the release as good",
  withdraw: "take the failed release away",
  put_back_containers: "put containers back",
  put_back_files: "put the files back",
  restore_transfer: "send the files of the last good release",
  restore_pull: "fetch its images",
  restore_install: "put its files in place",
  restore_hooks_before: "run its hooks before the start",
  restore_clear: "set aside what is in the way",
  restore_up: "start its services",
  restore_verify: "wait until all are healthy",
  restore_hooks_after: "run its hooks after it",
  restore_remove: "remove what only the failed release had",
  restore_put_back: "put containers back",
  unlock: "unlock the target",
};

export function stepName(name: string): string {
  return STEPS[name] ?? name.replaceAll("_", " ");
}

/** True while it happens, and afterwards. */
const PATHS: Record<string, string> = {
  undo: "Back to before: what was prepared goes away, and the target was not touched.",
  rollback: "Back to the last good release.",
  withdraw: "No good release to go back to: what was started goes away.",
};

export function pathText(path: string): string {
  return PATHS[path] ?? path;
}

/** True afterwards as well, however a service is by then. */
const CAUSES: Record<string, string> = {
  missing: "was not there",
  stale: "was still the earlier one",
  not_started: "was never started",
  crash_loop: "ended again and again",
  unhealthy: "failed its health check",
  exited: "had ended, and was to go on",
  job_failed: "did not succeed",
  stopped: "was stopped",
  paused: "was paused",
};

export function causeText(cause: string): string {
  return CAUSES[cause] ?? cause.replaceAll("_", " ");
}
