// Why a deployment failed is said once.
import { cleanup, render } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Deployment } from "../../api/queries";
import { NowLine } from "../../ui/NowLine";
import { nowOf } from "./now";
import { OtherOutcome, Outcome } from "./Outcome";
import { BEGIN, type Course, type Step } from "./steps";
import { Steps } from "./Steps";

const SICK = {
  service: "web",
  cause: "unhealthy",
  state: "running",
  restarts: 0,
  exitCode: null,
  isOutOfMemory: false,
  error: null,
};

function shown(reason: string, detail: string, services: Step["services"], isWatched = false): string {
  const step: Step = {
    name: "verify",
    number: 1,
    isBack: false,
    beganAt: "2030-01-01T00:00:00Z",
    endedAt: "2030-01-01T00:00:01Z",
    state: "failed",
    detail,
    services,
    warnings: [],
    standings: [],
  };
  const course: Course = { ...BEGIN, steps: [step], path: "rollback" };
  // What the pages look at of a deployment.
  const deployment = { status: "rolled_back", reason, detail } as unknown as Deployment;
  const { container } = render(
    isWatched ? (
      <>
        <NowLine {...nowOf(deployment, course)} />
        <Steps course={course} isOver told={null} hasOutcome />
        <OtherOutcome deployment={deployment} course={course} />
      </>
    ) : (
      <>
        <Outcome deployment={deployment} course={course} />
        <Steps course={course} isOver told={detail} />
      </>
    ),
  );
  return container.textContent;
}

test("of services that are not well, each says it itself", () => {
  const detail = "web: unhealthy (state running, 0 restarts)";
  const text = shown("unhealthy", detail, [SICK]);
  expect(text).not.toContain(detail);
  expect(text.match(/It failed its health check/g)).toHaveLength(1);
});

test("what no service says is said above the steps, and not in them", () => {
  const text = shown("pull_failed", "no such image", []);
  expect(text.match(/no such image/g)).toHaveLength(1);
  // A reason of that kind without services is not lost either.
  expect(shown("unhealthy", "the host says nothing", [])).toContain("the host says nothing");
});

test("whoever has watched it finds why with the step, and in few words above", () => {
  const detail = "pull access denied";
  const text = shown("pull_failed", detail, [], true);
  expect(text.match(/pull access denied/g)).toHaveLength(1);
  expect(text).toContain("The target could not fetch an image; ");
  const sick = shown("unhealthy", "web: unhealthy (state running)", [SICK], true);
  expect(sick).not.toContain("state running");
  expect(sick.match(/It failed its health check/g)).toHaveLength(1);
});

test("whoever comes late reads the same sentence, in the same colours, as whoever has watched it", () => {
  const line = (isWatched: boolean) => {
    shown("pull_failed", "pull access denied", [], isWatched);
    const found = document.querySelector("[title^='The target could not fetch an image']");
    return { text: found?.textContent, look: found?.className };
  };
  const watched = line(true);
  cleanup();
  expect(line(false)).toEqual(watched);
  expect(watched.text).toBe("The target could not fetch an image; the last good release was put back.");
});
