// How a deployment stands, or how it ended, in one sentence. Pure.
import type { Deployment } from "../../api/queries";
import type { Now } from "../../ui/NowLine";
import { isOver, reasonText, statusName } from "../../ui/status";
import { causeText, pathText, stepName, type Course } from "./steps";

type Standing = Pick<Deployment, "status" | "reason" | "detail" | "environment">;

export function nowOf(deployment: Standing, course: Course): Now {
  const { status } = deployment;
  if (!isOver(status)) return onItsWay(status, course);
  if (status === "success") return { status, text: `${deployment.environment} runs what was deployed.` };
  return { status, text: `${whyOf(deployment, course)}${afterwards(status, course)}.` };
}

function onItsWay(status: string, course: Course): Now {
  if (course.holder !== null) {
    return {
      status: "pending",
      text: `Waiting because another deployment holds the target: ${course.holder}`,
    };
  }
  const step = course.steps.at(-1);
  if (step === undefined) return { status, text: "It has not begun yet." };
  const now = `${step.endedAt === null ? "Now" : "Done"}: ${stepName(step.name)}.`;
  return { status: course.path === null ? status : "errored", text: `${now}${wayOf(course)}` };
}

/** The way that is taken instead, without what goes with it. */
function wayOf({ path }: Course): string {
  const [way = ""] = path === null ? [] : pathText(path).split(/[.:]/);
  return way === "" ? "" : ` ${way}.`;
}

const AFTERWARDS: Record<string, string> = {
  undo: "what ran before was left as it was",
  rollback: "the last good release was put back",
  withdraw: "there was no good release to go back to, and what was started was taken away",
};

/** What became of the target once it had turned back. It stays true, whatever is deployed later. */
function afterwards(status: string, { path }: Course): string {
  // That is known also where its steps are not.
  const way = status === "rolled_back" ? "rollback" : path;
  if (way === null) return "";
  if (status === "rollback_failed") return "; the way back failed, too";
  if (status === "unknown") return "; how the way back ended is not known";
  const text = AFTERWARDS[way];
  return text === undefined ? "" : `; ${text}`;
}

/** In few words: what is known of it in full is said where it happened. */
function whyOf({ status, reason, detail }: Standing, course: Course): string {
  const sick = course.steps.flatMap((step) => step.services);
  if (sick.length > 0) return sick.map((one) => `${one.service} ${causeText(one.cause)}`).join(", ");
  if (!reason && detail) return detail;
  const why = reason ? reasonText(reason) : statusName(status);
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}`;
}
