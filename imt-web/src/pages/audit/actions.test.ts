import { expect, test } from "vitest";

import { actionText, actorText, viaText } from "./actions";

const ID = "01a22741-4da1-722c-b71e-116cec445568";

test.each([
  [{ type: "pipeline_triggered", pipeline: ID, number: 7 }, "pipeline triggered", "#7"],
  [
    { type: "settings_changed", version: 2, fields: ["repo_url", "branches"] },
    "settings changed",
    "fields repo_url branches",
  ],
  [
    { type: "deployment_made", deployment: ID, number: 2, environment: "production", is_rollback: true },
    "deployment made",
    "#2, environment production, is rollback",
  ],
  [{ type: "member_set", user: ID, role: "owner", before: null }, "member set", "role owner"],
  [{ type: "project_archived" }, "project archived", ""],
  [{ type: "secret_set", secret: { target_key: "x" } }, "secret set", 'secret {"target_key":"x"}'],
])("%j is told", (action, what, about) => {
  expect(actionText(action)).toEqual({ what, about });
});

test("actors have names where they are known", () => {
  expect(actorText({ type: "user", id: ID, name: "ann" })).toBe("ann");
  expect(actorText({ type: "user", id: ID })).toBe("user 445568");
  expect(actorText({ type: "system" })).toBe("the server");
  expect(actorText({ type: "visitor" })).toBe("visitor");
  expect(viaText({ type: "command_line" })).toBe("command line");
});
