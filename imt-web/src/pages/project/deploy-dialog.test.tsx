// Where a commit goes to is never a matter of chance.
import { fireEvent, screen } from "@testing-library/react";
import { afterEach, expect, test, vi } from "vitest";

import type { Pipeline, Project } from "../../api/queries";
import { serve, show } from "../../testing";
import { Actions } from "../pipeline/Actions";
import { DeployDialog } from "./DeployDialog";

afterEach(() => vi.unstubAllGlobals());

// What the dialog looks at of a project.
const SHOP = { name: "shop", default_branch: "main", role: "owner" } as unknown as Project;

async function chosen(environments: string[], environment?: string): Promise<string | undefined> {
  serve({
    "GET /api/v1/projects/shop/targets": { items: environments.map((name) => ({ environment: name })) },
  });
  const again = environment === undefined ? {} : { environment };
  show(<DeployDialog project={SHOP} commit="b5cd8d5bffff" {...again} onClose={() => undefined} />);
  return (await screen.findByLabelText<HTMLSelectElement>("Environment")).value;
}

test("again goes to where it was", async () => {
  expect(await chosen(["production", "staging"], "staging")).toBe("staging");
  screen.getByRole("dialog", { name: "Deploy b5cd8d5b again to staging" });
  fireEvent.change(screen.getByLabelText("Environment"), { target: { value: "production" } });
  screen.getByRole("dialog", { name: "Deploy" });
});

test.each([
  { environments: ["production"], environment: undefined, is: "production" },
  { environments: ["production", "staging"], environment: undefined, is: "" },
  { environments: ["production"], environment: "staging", is: "" },
])("$environments, again to $environment: $is", async ({ environments, environment, is }) => {
  expect(await chosen(environments, environment)).toBe(is);
  expect(screen.getByLabelText<HTMLSelectElement>("Environment").required).toBe(true);
});

test.each([
  ["failed", "Pipeline #7 of this commit failed."],
  ["cancelled", "Pipeline #7 of this commit was cancelled."],
  ["success", null],
])("of a pipeline that ended as %s: %s", async (status, warning) => {
  serve({
    "GET /api/v1/projects/shop": SHOP,
    "GET /api/v1/projects/shop/targets": { items: [{ environment: "production" }] },
  });
  const pipeline = { number: 7, status, commit: "b5cd8d5b", jobs: [] } as unknown as Pipeline;
  show(<Actions project="shop" pipeline={pipeline} />);
  const deploy = await screen.findByRole("button", { name: "Deploy" });
  const names = screen.getAllByRole("button").map((button) => button.textContent.trim());
  expect(names).toEqual(status === "success" ? ["Deploy", "Run again"] : ["Run again", "Deploy"]);
  fireEvent.click(deploy);
  await screen.findByLabelText("Environment");
  const text = screen.getByRole("dialog").textContent;
  expect(/Pipeline #7.*?\./.exec(text)?.[0] ?? null).toBe(warning);
});
