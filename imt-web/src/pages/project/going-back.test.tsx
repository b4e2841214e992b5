// What a deployment's page offers to put in the place of what runs, and what is asked before.
import { fireEvent, screen, waitFor } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import type { Release } from "../../api/queries";
import { serve, show } from "../../testing";
import { isBack, offerOf } from "./going-back";
import { RollbackDialog } from "./RollbackDialog";

afterEach(() => vi.unstubAllGlobals());

function release(id: string, made: number, judged: number, more: Partial<Release> = {}): Release {
  return {
    id,
    environment: "production",
    commit: `${id}00000000`,
    created_at: `2030-01-0${made}T00:00:00Z`,
    judged_at: `2030-01-0${judged}T00:00:00Z`,
    verdict: "good",
    is_current: false,
    images: {},
    ...more,
  };
}

const BROKEN = { id: "d4", environment: "production" };

test("the one that was found good last is offered, and that is a way back", () => {
  const current = release("c", 3, 3, { is_current: true });
  const offer = offerOf(BROKEN, [
    release("a", 1, 1),
    release("d", 4, 4, { verdict: "failed" }),
    current,
    release("b", 2, 2),
    release("s", 5, 5, { environment: "staging" }),
  ]);
  expect(offer).toMatchObject({ release: { id: "b" }, current: { id: "c" } });
  expect(offer && isBack(offer.release, offer.current)).toBe(true);
});

test("after going back, the one that was left lies ahead", () => {
  const offer = offerOf(BROKEN, [release("a", 1, 5, { is_current: true }), release("b", 2, 2)]);
  expect(offer).toMatchObject({ release: { id: "b" } });
  expect(offer && isBack(offer.release, offer.current)).toBe(false);
});

test("a deployment offers its own release first, unless that runs or failed", () => {
  const current = release("c", 3, 3, { is_current: true });
  const all = [current, release("b", 2, 2), release("a", 1, 1)];
  expect(offerOf({ id: "a", environment: "production" }, all)?.release.id).toBe("a");
  expect(offerOf({ id: "c", environment: "production" }, all)?.release.id).toBe("b");
  expect(offerOf(BROKEN, [current])).toBeNull();
});

test("it is said what the environment gets, and that very release is asked for", async () => {
  const asked = serve({});
  const [current, back] = [release("c", 3, 3, { is_current: true }), release("b", 2, 2)];
  show(
    <RollbackDialog
      project="shop"
      environment="production"
      release={back}
      current={current}
      onClose={() => undefined}
    />,
  );
  const dialog = screen.getByRole("dialog", { name: "Roll production back to b0000000" });
  expect(dialog.textContent).toContain("production gets the release of b0000000: its images");
  expect(dialog.textContent).toMatch(/runs now c0000000.*would run b0000000/);
  fireEvent.click(screen.getByRole("button", { name: "Roll back" }));
  await waitFor(() => {
    expect(asked.at(-1)).toMatchObject({
      what: "POST /api/v1/projects/shop/deployments/rollback",
      body: { environment: "production", release: "b" },
    });
  });
  expect(asked.some(({ what }) => what.endsWith("releases/c/differences/b"))).toBe(true);
});
