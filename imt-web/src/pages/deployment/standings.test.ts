import { expect, test } from "vitest";

import { nowStanding, standingStatus, standingText, type Standing } from "./standings";

const web = { service: "web", state: "starting", outlook: "pending" };

function words(told: Record<string, unknown>): string {
  const [standing] = nowStanding([], [{ ...web, ...told }], "then");
  return standing === undefined ? "" : standingText(standing);
}

test("a service that is told anew takes its own place", () => {
  const first = nowStanding([], [web, { ...web, service: "db", state: "healthy", outlook: "well" }], "1");
  const then = nowStanding(first, [{ ...web, failed_checks: { count: 2, of: 3 } }], "2");
  expect(then).toMatchObject([
    { service: "web", failedChecks: { count: 2, of: 3 }, since: "2" },
    { service: "db", state: "healthy", since: "1" },
  ]);
});

test("each has its words", () => {
  expect(words({})).toBe("starting");
  expect(words({ failed_checks: { count: 2, of: 3 } })).toBe("starting (2 of 3 health checks failed)");
  expect(words({ state: "absent" })).toBe("not there yet");
  expect(words({ state: "absent", outlook: "failed" })).toBe("not there");
  expect(words({ state: "healthy" })).toBe("healthy, not for long enough yet");
  expect(words({ state: "healthy", outlook: "well" })).toBe("healthy");
  expect(words({ state: "exited", exit_code: 0, outlook: "well" })).toBe("exited 0");
  expect(words({ state: "restarting", restarts: 2, exit_code: 1 })).toBe(
    "restarting (2 restarts, exit code 1)",
  );
  expect(words({ restarts: 1, replicas: { count: 1, of: 3 } })).toBe(
    "starting (1 restart, 1 of 3 replicas well)",
  );
  expect(words({ state: "something_new" })).toBe("something new");
});

test("what is waited for is under way only while it is watched", () => {
  const of = (outlook: string, isWatched: boolean) => standingStatus({ outlook } as Standing, isWatched);
  expect([of("well", true), of("failed", true), of("pending", true)]).toEqual([
    "success",
    "failed",
    "running",
  ]);
  expect([of("well", false), of("pending", false)]).toEqual(["success", "skipped"]);
});

test("what is not understood is left out", () => {
  expect(nowStanding([], [null, 7, {}, { service: "web" }, [web]], "1")).toEqual([]);
  expect(nowStanding([], { services: [] }, "1")).toEqual([]);
});
