import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { actorText, SENTENCES, told, viaText, type Part } from "./actions";

const ID = "01a22741-4da1-722c-b71e-116cec445568";
const OTHER = "01a22741-4da1-722c-b71e-116cec445569";

function say(action: { type: string }, around: object = {}, project?: string) {
  const actor = { type: "user", id: ID, name: "ann" };
  const entry = { at: "2030-01-01T00:00:00Z", actor, via: { type: "session" }, action, ...around };
  const { who, what } = told(entry, project);
  const read = (part: Part) => (typeof part === "string" ? part : "name" in part ? part.name : part.text);
  const ways = what.flatMap((part) => (typeof part !== "string" && "to" in part ? [part.to] : []));
  return { text: `${who} ${what.map(read).join("")}`, ways };
}

const BOB = { user_name: "bob" };
test.each([
  [
    { type: "settings_changed", version: 2, fields: ["repo_url", "new_one"] },
    {},
    "changed the settings: repository, new one",
  ],
  [
    { type: "member_set", user: OTHER, role: "owner", before: "member" },
    BOB,
    "made bob an owner, before a member",
  ],
  [{ type: "member_set", user: OTHER, role: "member", before: null }, BOB, "made bob a member"],
  [{ type: "member_removed", user: OTHER, role: "member" }, {}, "removed user 445569, who was a member"],
  [{ type: "administrator_set", user: OTHER, is_admin: true }, BOB, "made bob an administrator"],
  [{ type: "sessions_closed", user: ID, count: 2 }, { user_name: "ann" }, "ended 2 sessions"],
  [
    { type: "token_made", user: ID, token: OTHER, scopes: ["read", "trigger"], only: null },
    {},
    "made a token for read, trigger",
  ],
  [{ type: "secret_set", secret: "target_key/x" }, {}, "set the secret target_key/x"],
  [{ type: "project_archived" }, {}, "put the project into the archive"],
  [{ type: "pipeline_triggered", pipeline: OTHER, number: 7 }, {}, "ran pipeline #7"],
  [
    { type: "moon_shot", user: OTHER, by: ID, height: 7, is_manned: true },
    BOB,
    "moon shot bob height 7, is manned",
  ],
])("%j is told", (action, around, text) => {
  expect(say(action, around)).toEqual({ text: `ann ${text}`, ways: [] });
});

test("whoever signs in for the first time is named, and not a visitor", () => {
  const around = { actor: { type: "visitor" }, user_name: "bob" };
  const action = { type: "user_made", user: OTHER, is_admin: false };
  expect(say(action, around).text).toBe("bob signed in for the first time");
});

test("what has a number in a project is a way there", () => {
  const deployment = { type: "deployment_made", number: 2, environment: "production", is_rollback: true };
  expect(say(deployment, {}, "shop")).toEqual({
    text: "ann rolled back production: deployment #2",
    ways: ["/projects/shop/deployments/2"],
  });
  const pipeline = { type: "pipeline_triggered", number: 7 };
  expect(say(pipeline, { project_name: "shop" })).toEqual({
    text: "ann ran pipeline #7 in shop",
    ways: ["/projects/shop/pipelines/7", "/projects/shop"],
  });
  expect(say({ type: "project_archived" }, { project_name: "shop" })).toEqual({
    text: "ann put the project shop into the archive",
    ways: ["/projects/shop"],
  });
});

test("every kind that the server writes has a sentence, and no other", () => {
  // The document of the API names none of them.
  const source = readFileSync("../imt-core/src/directory/audit.rs", "utf8");
  const body = /pub enum Action \{\n(.*?)\n\}/s.exec(source)?.[1] ?? "";
  const kinds = [...body.matchAll(/^ {4}([A-Z]\w+)/gm)].map(([, kind = ""]) =>
    kind.replace(/(?<=.)[A-Z]/g, "_$&").toLowerCase(),
  );
  expect(kinds.length).toBeGreaterThan(20);
  expect(Object.keys(SENTENCES).sort()).toEqual(kinds.sort());
});

test("actors have names where they are known", () => {
  expect(actorText({ type: "user", id: ID, name: "ann" })).toBe("ann");
  expect(actorText({ type: "user", id: ID })).toBe("user 445568");
  expect(actorText({ type: "system" })).toBe("the server");
  expect(actorText({ type: "visitor" })).toBe("visitor");
  expect(viaText({ type: "command_line" })).toBe("command line");
});
