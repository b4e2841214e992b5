// The sign of what runs is not that of what came after it.
import { render, screen } from "@testing-library/react";
import { MemoryRouter } from "react-router";
import { expect, test } from "vitest";

import type { Deployment, Release } from "../../api/queries";
import { EnvironmentChip } from "./EnvironmentChip";
import type { Environment } from "./environments";

const AT = new Date(Date.now() - 7_300_000).toISOString();
// What a chip looks at of a deployment.
const deployment = (number: number, status: string) =>
  ({ number, status, commit: "c0ffee00aa", submitted_at: AT }) as Deployment;

function chip(more: Partial<Environment>) {
  const environment = { name: "production", live: null, last: null, ...more };
  render(
    <MemoryRouter>
      <EnvironmentChip project="shop" environment={environment} />
    </MemoryRouter>,
  );
  const link = screen.getByRole("link");
  const signs = [...link.querySelectorAll("svg")].map((sign) => /text-(\w+)/.exec(sign.classList.value)?.[1]);
  return { text: link.textContent, signs, to: link.getAttribute("href") };
}

test.each([
  [{ live: deployment(2, "success") }, "productionc0ffee00 2 h ago", ["success"], "/2"],
  [
    { live: deployment(2, "success"), last: deployment(3, "rolled_back") },
    "productionc0ffee00 2 h ago#3 rolled back",
    ["success", "errored"],
    "/3",
  ],
  [{ last: deployment(1, "failed") }, "productionnothing live#1 failed", ["idle", "failed"], "/1"],
  [
    { kept: { commit: "c0ffee00aa", judged_at: AT } as Release },
    "productionc0ffee00 live · 2 h ago",
    ["success"],
    "",
  ],
])("%#", (environment, text, signs, to) => {
  expect(chip(environment)).toEqual({ text, signs, to: `/projects/shop/deployments${to}` });
});
