import { screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import type { Project, Release } from "../../api/queries";
import { serve, show } from "../../testing";
import { Releases } from "./Releases";

afterEach(() => vi.unstubAllGlobals());

const DAY = 86_400_000;

function release(id: string, madeDays: number, judgedDays: number): Release {
  return {
    id,
    environment: "production",
    commit: `${id}00000000`,
    created_at: new Date(Date.now() - madeDays * DAY - 1000).toISOString(),
    judged_at: new Date(Date.now() - judgedDays * DAY - 1000).toISOString(),
    verdict: "good",
    is_current: id === "b",
    images: {},
  };
}

test("the live one says since when it is, and the others whether they lie behind it", () => {
  serve({});
  const all = [release("b", 3, 1), release("c", 2, 2), release("a", 4, 4)];
  // What the list looks at of a project.
  show(<Releases project={{ name: "shop", role: "owner" } as unknown as Project} releases={all} />);
  expect(screen.getAllByRole("listitem").map((item) => item.textContent)).toEqual([
    "b0000000live · 1 day ago",
    "c0000000made 2 days agogoodComparePut there again",
    "a0000000made 4 days agogoodCompareRoll back",
  ]);
});
