import { act, renderHook } from "@testing-library/react";
import { expect, test } from "vitest";

import { useEdits } from "./edits";

const AT_FIRST = { branch: "main", file: "pipeline.yml", runs: true };

function form() {
  const { result, rerender } = renderHook(useEdits<typeof AT_FIRST>, { initialProps: AT_FIRST });
  return {
    now: () => result.current,
    set: (name: "branch" | "file", value: string) => act(() => result.current.set(name, value)),
    fetch: (fetched: typeof AT_FIRST) => rerender(fetched),
    save: (values: typeof AT_FIRST) => act(() => result.current.saved(values)),
  };
}

test("what was edited stays, and the rest is what the server has", () => {
  const { now, set, fetch } = form();
  set("branch", "trunk");
  fetch({ branch: "main", file: "ci.yml", runs: false });
  expect(now().values).toEqual({ branch: "trunk", file: "ci.yml", runs: false });
  expect([now().changes, now().others]).toEqual([{ branch: "trunk" }, {}]);
});

test("what somebody else has changed of what was edited is told", () => {
  const { now, set, fetch } = form();
  set("branch", "tr");
  fetch({ ...AT_FIRST, branch: "develop" });
  set("branch", "trunk");
  expect([now().values.branch, now().others]).toEqual(["trunk", { branch: "develop" }]);
  // They agree after all.
  set("branch", "develop");
  expect([now().changes, now().others]).toEqual([{}, {}]);
});

test("what is as it was is no edit, and follows the server again", () => {
  const { now, set, fetch } = form();
  set("branch", "trunk");
  set("branch", "main");
  expect(now().changes).toEqual({});
  fetch({ ...AT_FIRST, branch: "develop" });
  expect(now().values.branch).toBe("develop");
});

test("what was saved is no edit any more, and what was edited meanwhile is", () => {
  const { now, set, fetch, save } = form();
  set("branch", " trunk ");
  set("file", "a.yml");
  const sent = now().values;
  set("file", "b.yml");
  fetch({ branch: "trunk", file: "a.yml", runs: true });
  save(sent);
  expect(now().values).toEqual({ branch: "trunk", file: "b.yml", runs: true });
  expect(now().changes).toEqual({ file: "b.yml" });
});
