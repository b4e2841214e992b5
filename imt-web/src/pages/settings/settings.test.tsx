// What is set goes in and never comes out; what is removed is asked for first; what is replayed is listed anew.
import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import type { ReactNode } from "react";
import { useQuery } from "@tanstack/react-query";
import { expect, test } from "vitest";

import { asks, type Project } from "../../api/queries";
import { problem, serve, show } from "../../testing";
import { General } from "./General";
import { Members } from "./Members";
import { Secrets } from "./Secrets";
import { Targets } from "./Targets";
import { Variables } from "./Variables";
import { Webhook } from "./Webhook";

const BASE = "/api/v1/projects/shop";
// What the pages look at of a project.
const project = { name: "shop", webhook_url: "http://h/webhook/1" } as Project;

function open(page: ReactNode, answers: Record<string, unknown>) {
  return { asked: serve(answers), ...show(page) };
}

function type(label: string, value: string) {
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
}

function valueOf(label: string): string {
  return screen.getByLabelText<HTMLInputElement>(label).value;
}

/** With the attributes of its elements, and what its fields hold. */
function markupOf(container: Element): string {
  const fields = [...container.querySelectorAll<HTMLInputElement>("input, textarea")].map(
    ({ value }) => value,
  );
  return new XMLSerializer().serializeToString(container) + fields.join();
}

const LIST = `GET ${BASE}/variables`;
const VARIABLES = {
  items: [
    { name: "OPEN", value: "seen", is_secret: false },
    { name: "SEALED", value: null, is_secret: true },
  ],
};

test("a variable is secret unless that is said otherwise, and its value leaves the page once it is set", async () => {
  const put = `PUT ${BASE}/variables/TOKEN`;
  const { asked, container } = open(<Variables project={project} />, { [LIST]: VARIABLES, [put]: null });
  expect(await screen.findByText("seen")).toBeTruthy();
  type("Name", " TOKEN ");
  type("Value", "sesame");
  fireEvent.click(screen.getByRole("button", { name: "Save variable" }));
  await waitFor(() => expect(valueOf("Value")).toBe(""));
  expect(asked.find(({ what }) => what === put)?.body).toEqual({ value: "sesame", is_secret: true });
  expect(asked.filter(({ what }) => what === LIST)).toHaveLength(2);
  expect(markupOf(container)).not.toContain("sesame");
});

test("a value that was refused is still there to be mended", async () => {
  const put = `PUT ${BASE}/variables/CI`;
  open(<Variables project={project} />, {
    [LIST]: VARIABLES,
    [put]: problem(422, "invalid", "CI is reserved"),
  });
  // What is set is below the list, and comes with it.
  await screen.findByLabelText("Name");
  type("Name", "CI");
  type("Value", "yes");
  fireEvent.click(screen.getByLabelText("Secret"));
  fireEvent.click(screen.getByRole("button", { name: "Save variable" }));
  expect(await screen.findByText("CI is reserved")).toBeTruthy();
  expect(valueOf("Value")).toBe("yes");
});

test("a variable is removed once that was confirmed", async () => {
  const remove = `DELETE ${BASE}/variables/OPEN`;
  const { asked } = open(<Variables project={project} />, { [LIST]: VARIABLES, [remove]: null });
  await screen.findByText("OPEN");
  const [first] = screen.getAllByRole("button", { name: /^Remove/ });
  if (first === undefined) throw new Error("there is no button");
  fireEvent.click(first);
  expect(asked.map(({ what }) => what)).not.toContain(remove);
  const dialog = screen.getByRole("dialog");
  const sure = [...dialog.querySelectorAll("button")].find((button) => button.textContent === "Remove");
  if (sure === undefined) throw new Error("there is nothing to confirm with");
  fireEvent.click(sure);
  await waitFor(() => expect(asked.map(({ what }) => what)).toContain(remove));
});

test("a secret of something is set under its name, and shown nowhere", async () => {
  const put = `PUT ${BASE}/secrets/target_key%2Fprod`;
  const { asked, container } = open(<Secrets project={project} />, {
    [`GET ${BASE}/secrets`]: { items: [] },
    [put]: null,
  });
  expect(await screen.findByText("No secret yet")).toBeTruthy();
  type("Kind", "target_key");
  type("Environment", "prod");
  type("Value", "sesame");
  fireEvent.click(screen.getByRole("button", { name: "Save secret" }));
  await waitFor(() => expect(valueOf("Value")).toBe(""));
  expect(asked.find(({ what }) => what === put)?.body).toEqual({ value: "sesame" });
  expect(markupOf(container)).not.toContain("sesame");
});

test("the value of one secret does not become that of another", async () => {
  open(<Secrets project={project} />, { [`GET ${BASE}/secrets`]: { items: [] } });
  await screen.findByText("No secret yet");
  type("Value", "sesame");
  type("Kind", "webhook_secret");
  expect(valueOf("Value")).toBe("");
});

const DELIVERIES = {
  items: [
    {
      id: "d1",
      event: "push",
      branch: "main",
      commit: "0123456789abcdef",
      received_at: "2030-01-01T00:00:00Z",
      replays: 0,
      provider_id: "p",
      state: { state: "settled", outcome: { type: "failed", detail: "the repository was away" } },
    },
  ],
};

function deliver(answer: unknown) {
  return open(<Webhook project={project} />, {
    [`GET ${BASE}/deliveries`]: DELIVERIES,
    [`GET ${BASE}/reconcile`]: {},
    [`POST ${BASE}/deliveries/d1/replay`]: answer,
  }).asked;
}

test("a delivery is worked on again, and the list is asked for anew", async () => {
  const asked = deliver({ id: "d1" });
  expect(await screen.findByText("the repository was away")).toBeTruthy();
  fireEvent.click(screen.getByRole("button", { name: /^Replay/ }));
  const lists = () => asked.filter(({ what }) => what === `GET ${BASE}/deliveries`);
  await waitFor(() => expect(lists()).toHaveLength(2));
  expect(asked.map(({ what }) => what)).toContain(`POST ${BASE}/deliveries/d1/replay`);
});

test("a replay that is refused is told beside its delivery", async () => {
  deliver(problem(409, "conflict", "it is worked on already"));
  fireEvent.click(await screen.findByRole("button", { name: /^Replay/ }));
  expect(await screen.findByText("it is worked on already")).toBeTruthy();
});

const MEMBERS = `GET ${BASE}/members`;
const ME = { id: "u0", name: "ann", is_admin: false, is_single_user: false };

function member(number: number) {
  const user = {
    id: `u${number}`,
    name: `name ${number}`,
    email: `m${number}@example.org`,
    is_disabled: false,
  };
  return { user, role: "member", since: "2030-01-01T00:00:00Z" };
}

test("somebody is made a member by address, or by id", async () => {
  const [byEmail, byId] = [`POST ${BASE}/members-by-email`, `PUT ${BASE}/members/u7`];
  const { asked } = open(<Members project={project} />, {
    "GET /api/v1/me": ME,
    [MEMBERS]: { items: [member(0)] },
    [byEmail]: problem(422, "invalid", "nobody who has signed in here has this address"),
    [byId]: null,
  });
  expect(await screen.findByText("m0@example.org")).toBeTruthy();
  type("E-mail address", " bob@example.org ");
  type("Role", "owner");
  fireEvent.click(screen.getByRole("button", { name: "Add member" }));
  expect(await screen.findByText(/nobody who has signed in here/)).toBeTruthy();
  expect(asked.find(({ what }) => what === byEmail)?.body).toEqual({
    email: "bob@example.org",
    role: "owner",
  });
  type("E-mail address", "u7");
  fireEvent.click(screen.getByRole("button", { name: "Add member" }));
  await waitFor(() => expect(valueOf("E-mail address")).toBe(""));
  expect(asked.find(({ what }) => what === byId)?.body).toEqual({ role: "owner" });
});

test("all members are found, however many there are", async () => {
  const pieces = [
    { items: Array.from({ length: 100 }, (_, n) => member(n)), next: "100" },
    { items: Array.from({ length: 100 }, (_, n) => member(100 + n)), next: "200" },
    { items: [member(200)] },
  ];
  const { asked } = open(<Members project={project} />, {
    "GET /api/v1/me": ME,
    [MEMBERS]: () => pieces.shift(),
  });
  expect(await screen.findByText("201 in all")).toBeTruthy();
  expect(asked.filter(({ what }) => what === MEMBERS)).toHaveLength(3);
  expect(screen.getAllByRole("button", { name: /^Remove/ })).toHaveLength(200);
  expect(screen.queryByText("m200@example.org")).toBeNull();
  expect(screen.getByText(/1 further one/)).toBeTruthy();
  type("Find by name", "m200");
  expect(await screen.findByText("m200@example.org")).toBeTruthy();
});

const KEPT = {
  id: "p1",
  name: "shop",
  version: 1,
  repo_url: "https://h/shop.git",
  default_branch: "main",
  pipeline_file: "pipeline.yml",
  branches: [] as string[],
  triggers_on_push: true,
  supersedes_queued: true,
  commit_statuses: "auto",
  has_public_badge: false,
};

function FetchedGeneral() {
  const { data } = useQuery(asks.project("shop"));
  return data && <General project={data} />;
}

/** A server that keeps a project, as somebody else may change it, too. */
function keeping() {
  const server = { project: KEPT };
  const all = open(<FetchedGeneral />, {
    [`GET ${BASE}`]: () => server.project,
    [`PATCH ${BASE}`]: () => {
      const { body } = all.asked.at(-1) ?? {};
      server.project = { ...server.project, ...(body as object), version: server.project.version + 1 };
      return server.project;
    },
  });
  const bodies = () => all.asked.filter(({ what }) => what.startsWith("PATCH")).map(({ body }) => body);
  return { server, bodies };
}

const BADGE = /Everybody may see/;

test("the badge is set, and what was edited of the project stays", async () => {
  const { server, bodies } = keeping();
  await screen.findByLabelText("Default branch");
  type("Default branch", "trunk");
  server.project = { ...server.project, pipeline_file: "ci.yml", version: 7 };
  fireEvent.click(screen.getByLabelText(BADGE));
  // What somebody else has changed meanwhile is shown.
  await waitFor(() => expect(valueOf("Pipeline file")).toBe("ci.yml"));
  expect(screen.getByLabelText<HTMLInputElement>(BADGE).checked).toBe(true);
  expect(valueOf("Default branch")).toBe("trunk");
  fireEvent.click(screen.getByRole("button", { name: "Save" }));
  await waitFor(() => expect(bodies()).toEqual([{ has_public_badge: true }, { default_branch: "trunk" }]));
  expect(server.project).toMatchObject({ pipeline_file: "ci.yml", default_branch: "trunk" });
});

test("what two have edited is told before one takes the place of the other", async () => {
  const { server } = keeping();
  await screen.findByLabelText("Default branch");
  expect(screen.getByRole<HTMLButtonElement>("button", { name: "Save" }).disabled).toBe(true);
  type("Default branch", "trunk");
  server.project = { ...server.project, default_branch: "develop", version: 7 };
  fireEvent.click(screen.getByLabelText(BADGE));
  expect(await screen.findByText("develop")).toBeTruthy();
  expect(valueOf("Default branch")).toBe("trunk");
});

test("a target that somebody else changes while it is edited keeps both changes", async () => {
  const put = `PUT ${BASE}/targets/prod`;
  const target = { host: "h1", port: 22, user: "deploy", host_key: "SHA256:a", registry: "r" };
  const server = { target: { ...target, keep: 3 } };
  const { asked } = open(<Targets project={project} />, {
    "GET /api/v1/me": ME,
    [`GET ${BASE}/targets`]: () => ({ items: [{ environment: "prod", target: server.target }] }),
    [`GET ${BASE}/secrets`]: { items: [] },
    [put]: null,
  });
  fireEvent.click(await screen.findByRole("button", { name: "Edit prod" }));
  type("User", "root");
  server.target = { ...server.target, registry: "other", keep: 9 };
  window.dispatchEvent(new Event("visibilitychange"));
  await waitFor(() => expect(valueOf("Registry")).toBe("other"));
  expect(valueOf("User")).toBe("root");
  fireEvent.click(screen.getByRole("button", { name: "Save target" }));
  await waitFor(() => expect(asked.map(({ what }) => what)).toContain(put));
  const body = { ...target, user: "root", registry: "other", keep: 9 };
  expect(asked.find(({ what }) => what === put)?.body).toEqual(body);
});

test("a variable is changed from its row: its name stays, and one that is secret is given anew", async () => {
  const [opened, sealed] = [`PUT ${BASE}/variables/OPEN`, `PUT ${BASE}/variables/SEALED`];
  const { asked } = open(<Variables project={project} />, {
    [LIST]: VARIABLES,
    [opened]: null,
    [sealed]: null,
  });
  const row = await screen.findByRole("button", { name: "Edit OPEN" });
  row.focus();
  fireEvent.click(row);
  expect(valueOf("Name")).toBe("OPEN");
  expect(screen.getByLabelText<HTMLInputElement>("Name").disabled).toBe(true);
  expect(valueOf("Value")).toBe("seen");
  expect(screen.getByLabelText<HTMLInputElement>("Secret").checked).toBe(false);
  expect(document.activeElement).toBe(screen.getByLabelText("Value"));
  type("Value", "other");
  fireEvent.click(screen.getByRole("button", { name: "Save variable" }));
  await waitFor(() => expect(valueOf("Name")).toBe(""));
  expect(document.activeElement).toBe(row);
  expect(asked.find(({ what }) => what === opened)?.body).toEqual({ value: "other", is_secret: false });

  fireEvent.click(screen.getByRole("button", { name: "Replace SEALED" }));
  expect(valueOf("Value")).toBe("");
  expect(screen.getByLabelText<HTMLInputElement>("Value").required).toBe(true);
  expect(screen.getByLabelText<HTMLInputElement>("Secret").checked).toBe(true);
  fireEvent.click(screen.getByRole("button", { name: "Leave it" }));
  expect(valueOf("Name")).toBe("");
  expect(asked.map(({ what }) => what)).not.toContain(sealed);
});

test("a secret is replaced from its row, under the name that it has", async () => {
  const put = `PUT ${BASE}/secrets/registry_password%2Fghcr.io%2Facme`;
  const secret = { name: "registry_password/ghcr.io/acme", set_at: "2030-01-01T00:00:00Z" };
  const { asked } = open(<Secrets project={project} />, {
    [`GET ${BASE}/secrets`]: { items: [secret] },
    [put]: null,
  });
  fireEvent.click(await screen.findByRole("button", { name: `Replace ${secret.name}` }));
  const row = screen.getByRole("listitem");
  expect(within(row).getByText("password of a registry")).toBeTruthy();
  expect(within(row).getByText(secret.name)).toBeTruthy();
  expect(valueOf("Registry")).toBe("ghcr.io/acme");
  expect(document.activeElement).toBe(screen.getByLabelText("Value"));
  type("Value", "u:sesame");
  fireEvent.click(screen.getByRole("button", { name: "Save secret" }));
  await waitFor(() => expect(screen.queryByLabelText("Registry")).toBeNull());
  expect(asked.find(({ what }) => what === put)?.body).toEqual({ value: "u:sesame" });
});

test("the role of a member is changed from the row, and of one whose address is typed", async () => {
  const put = `PUT ${BASE}/members/u3`;
  const { asked } = open(<Members project={project} />, {
    "GET /api/v1/me": ME,
    [MEMBERS]: { items: [member(3)] },
    [put]: null,
  });
  fireEvent.click(await screen.findByRole("button", { name: "Edit m3@example.org" }));
  expect(valueOf("E-mail address")).toBe("m3@example.org");
  type("Role", "owner");
  fireEvent.click(screen.getByRole("button", { name: "Change role" }));
  await waitFor(() => expect(valueOf("E-mail address")).toBe(""));
  expect(asked.find(({ what }) => what === put)?.body).toEqual({ role: "owner" });
  expect(screen.getByRole("button", { name: "Add member" })).toBeTruthy();
  type("E-mail address", "M3@example.org ");
  expect(screen.getByRole("button", { name: "Change role" })).toBeTruthy();
});
