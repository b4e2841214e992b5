import { expect, test } from "vitest";

import { nowOf } from "./now";
import { after, BEGIN, type Course } from "./steps";

const AT = "2030-01-01T00:00:00Z";

function told(...kinds: ({ type: string } & Record<string, unknown>)[]): Course {
  return kinds.reduce((course, kind) => after(course, { at: AT, kind }), BEGIN);
}

function deployment(status: string, reason: string | null = null, detail: string | null = null) {
  return { status, reason, detail, environment: "prod" };
}

const sick = { service: "web", cause: "unhealthy", state: "running", restarts: 0 };
const up = { type: "step_began", step: "up", number: 1 };
const failed = { type: "step_ended", step: "up", result: { failed: { detail: "no", services: [sick] } } };
const done = { type: "step_ended", step: "up", result: { done: { warnings: [] } } };
const back = { type: "turned_back", path: "rollback" };

test.each([
  ["pending", told(), "pending: It has not begun yet."],
  [
    "pending",
    told({ type: "waiting", holder: "stage #3" }),
    "pending: Waiting because another deployment holds the target: stage #3",
  ],
  ["running", told(up), "running: Now: start the services."],
  ["running", told(up, done), "running: Done: start the services."],
  ["running", told(up, failed, back), "errored: Done: start the services. Back to the last good release."],
  ["success", told(up, done), "success: prod runs what was deployed."],
  [
    "rolled_back",
    told(up, failed, back),
    "rolled_back: web failed its health check; the last good release was put back.",
  ],
  ["rolled_back", told(), "rolled_back: Rolled back; the last good release was put back."],
  [
    "rollback_failed",
    told(up, failed, back),
    "rollback_failed: web failed its health check; the way back failed, too.",
  ],
  [
    "unknown",
    told(up, failed, back),
    "unknown: web failed its health check; how the way back ended is not known.",
  ],
  [
    "cancelled",
    told({ type: "turned_back", path: "undo" }),
    "cancelled: Cancelled; what ran before was left as it was.",
  ],
  ["cancelled", told(up, done), "cancelled: Cancelled."],
])("%s: %o", (status, course, text) => {
  const now = nowOf(deployment(status), course);
  expect(`${now.status}: ${now.text}`).toBe(text);
});

test("why it failed is told in few words: all of them are with the step", () => {
  expect(nowOf(deployment("failed", "pull_failed", "denied\n".repeat(99)), told()).text).toBe(
    "The target could not fetch an image.",
  );
  expect(nowOf(deployment("failed", null, "as the server says"), told()).text).toBe("as the server says.");
});
