// How a deployment that is watched stands, in one sentence. Pure.
import type { Deployment } from "../../api/queries";
import type { Now } from "../../ui/NowLine";
import { isOver, reasonText, statusName } from "../../ui/status";
import { causeText, pathText, stepName, type Course } from "./steps";

type Standing = Pick<Deployment, "status" | "reason" | "detail" | "environment">;

export function nowOf(deployment: Standing, course: Course): Now {
  const { status } = deployment;
  if (!isOver(status)) return onItsWay(status, course);
  if (status === "success") return { status, text: `${deployment.environment} runs what was deployed.` };
  return { status, text: `${whyOf(deployment, course)}${wayOf(course)}` };
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

/** In few words: what is known of it in full is said where it happened. */
function whyOf({ status, reason, detail }: Standing, course: Course): string {
  const sick = course.steps.flatMap((step) => step.services);
  if (sick.length > 0) return `${sick.map((one) => `${one.service} ${causeText(one.cause)}`).join(", ")}.`;
  const why = reason ? reasonText(reason) : (detail ?? statusName(status));
  return `${why.charAt(0).toUpperCase()}${why.slice(1)}.`;
}
