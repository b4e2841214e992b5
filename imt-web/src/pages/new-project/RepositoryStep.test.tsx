import { fireEvent, screen, waitFor } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { problem, serve, show } from "../../testing";
import { RepositoryStep } from "./RepositoryStep";

const CHECK = "POST /api/v1/repository-checks";
const MAKE = "POST /api/v1/projects";

function found(file: object) {
  const pipeline_file = { path: "pipeline.yml", found: true, diagnostics: [], stages: [], ...file };
  return { default_branch: "trunk", commit: "0123456789abcdef", pipeline_file };
}

const GOOD = found({ stages: [{ name: "test", jobs: ["unit", "lint"] }] });

const WRONG = found({
  diagnostics: [
    {
      code: "unknown-stage",
      severity: "error",
      message: "there is no stage `tset`",
      line: 3,
      column: 18,
      source: "  make: { stage: tset }",
      help: "did you mean `test`?",
    },
  ],
});

function begin(answers: Record<string, unknown>) {
  const asked = serve({ [MAKE]: { name: "shop", repo_url: "u" }, ...answers });
  const onMade = vi.fn();
  const { container } = show(<RepositoryStep made={null} onMade={onMade} />);
  type("Address", "https://h/acme/shop.git");
  return { asked, onMade, container };
}

function type(label: string, value: string) {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

function press(name: string) {
  fireEvent.click(screen.getByRole("button", { name }));
}

test("what can be run becomes a project, with the branch that the repository means", async () => {
  const { asked, onMade } = begin({ [CHECK]: GOOD });
  press("Check the repository");
  expect(await screen.findByText("lint")).toBeTruthy();
  expect(screen.getByText("01234567")).toBeTruthy();
  expect(onMade).not.toHaveBeenCalled();
  press("Make the project");
  await waitFor(() => expect(onMade).toHaveBeenCalledOnce());
  const repo_url = "https://h/acme/shop.git";
  expect(asked).toEqual([
    { what: CHECK, body: { repo_url, pipeline_file: "pipeline.yml" } },
    {
      what: MAKE,
      body: { name: "shop", repo_url, pipeline_file: "pipeline.yml", default_branch: "trunk" },
    },
  ]);
});

test("what is wrong with the file is shown with its line and what helps, and keeps nobody from going on", async () => {
  const { onMade } = begin({ [CHECK]: WRONG });
  press("Check the repository");
  expect(await screen.findByText("tset", { selector: "code *" })).toBeTruthy();
  expect(screen.getByText("pipeline.yml:3:18")).toBeTruthy();
  expect(screen.getByText("test", { selector: "code *" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Make the project" })).toBeNull();
  press("Make the project anyway");
  await waitFor(() => expect(onMade).toHaveBeenCalledOnce());
});

test("a repository without a pipeline file says so", async () => {
  begin({ [CHECK]: found({ found: false }) });
  press("Check the repository");
  expect(await screen.findByText(/There is no/)).toBeTruthy();
  expect(screen.getByRole("button", { name: "Make the project anyway" })).toBeTruthy();
});

test("an address that is not taken can become no project", async () => {
  begin({ [CHECK]: problem(422, "invalid", "the address of the repository is refused: no") });
  press("Check the repository");
  expect(await screen.findByText("the address of the repository is refused: no")).toBeTruthy();
  expect(screen.getByText("request-1")).toBeTruthy();
  expect(screen.getByRole("button", { name: "Check again" })).toBeTruthy();
  expect(screen.queryByRole("button", { name: /Make the project/ })).toBeNull();
});

test("what was found holds no more once something else is typed", async () => {
  begin({ [CHECK]: GOOD });
  press("Check the repository");
  await screen.findByText("lint");
  type("Default branch", "next");
  expect(screen.queryByText("lint")).toBeNull();
  expect(screen.getByRole("button", { name: "Check the repository" })).toBeTruthy();
});

test("a token goes along with the look, and is no key afterwards", async () => {
  const { asked, container } = begin({ [CHECK]: GOOD });
  type("Who may read it", "token");
  type("Token", "sesame");
  press("Check the repository");
  await screen.findByText("lint");
  expect(asked[0]?.body).toMatchObject({ repo_token: "sesame" });
  expect(container.textContent).not.toContain("sesame");
  type("Who may read it", "key");
  expect(screen.getByLabelText<HTMLTextAreaElement>("Private key").value).toBe("");
});

test("what is reached over SSH is made first, with its key", async () => {
  const key = "PUT /api/v1/projects/shop/secrets/repository_key";
  const { asked, onMade } = begin({ [key]: null });
  type("Address", "git@h:acme/shop.git");
  type("Who may read it", "key");
  type("Private key", "sesame");
  press("Make the project");
  await waitFor(() => expect(asked).toHaveLength(2));
  expect(onMade).toHaveBeenCalledOnce();
  expect(asked[0]?.what).toBe(MAKE);
  expect(asked[1]).toEqual({ what: key, body: { value: "sesame\n" } });
});

test("a refusal to make it is told", async () => {
  const { onMade } = begin({ [CHECK]: GOOD, [MAKE]: problem(409, "conflict", "there is one already") });
  press("Check the repository");
  await screen.findByText("lint");
  press("Make the project");
  expect(await screen.findByText("there is one already")).toBeTruthy();
  expect(onMade).not.toHaveBeenCalled();
});
