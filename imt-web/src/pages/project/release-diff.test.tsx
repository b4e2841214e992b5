import { render, screen } from "@testing-library/react";
import { expect, test } from "vitest";

import type { Schemas } from "../../api/client";
import { imageText, isNothing, madeBy, sameServices, shortened } from "./release-diff";
import { Differences } from "./ReleaseDiff";

const NOTHING: Schemas["DifferenceView"] = {
  environment: "production",
  from_commit: "a",
  to_commit: "b",
  services: [],
  files: [],
  profiles: [],
  settings: [],
  settings_are_told: true,
  variables: [],
  variables_differ: false,
};

test("what differs is told, and what is the same is counted", () => {
  const found = {
    ...NOTHING,
    services: [
      { service: "cache", to: { reference: "redis" } },
      { service: "web", from: { reference: "web:1", digest: "sha256:1" }, to: { reference: "web:2" } },
    ],
    files: [{ name: "<b>compose.yaml</b>", kind: "changed" }],
    settings: [
      { service: "web", name: "environment.LOG_LEVEL", kind: "changed" },
      { name: "volumes.data", kind: "removed" },
    ],
    variables: [{ name: "TOKEN", kind: "added" }],
    variables_differ: true,
  };
  const same = sameServices(found, { images: { cache: "redis", web: "web:2", db: "postgres" } });
  const { container } = render(<Differences found={found} same={same} />);
  const text = container.textContent;
  expect(text).toContain("− web:1 sha256:1");
  expect(text).toContain("+ web:2");
  expect(text).toContain("1 service unchanged");
  expect(text).toContain("changed<b>compose.yaml</b>");
  expect(text).toContain("changedweb: environment.LOG_LEVEL");
  expect(text).toContain("removedvolumes.data");
  expect(text).toContain("addedTOKEN");
  expect(text).not.toContain("Variables differ");
  expect(text).not.toContain("only compose could say");
});

test("that settings cannot be named is told", () => {
  const files = [{ name: "compose.yaml", kind: "changed" }];
  render(<Differences found={{ ...NOTHING, files, settings_are_told: false }} same={0} />);
  expect(screen.getByText(/only compose could say/)).toBeTruthy();
});

test("that variables differ is told also without their names", () => {
  render(<Differences found={{ ...NOTHING, variables_differ: true }} same={0} />);
  expect(screen.getByText("Variables differ.")).toBeTruthy();
});

test("that nothing differs is told", () => {
  expect(isNothing(NOTHING)).toBe(true);
  render(<Differences found={NOTHING} same={3} />);
  expect(screen.getByText(/Nothing differs/)).toBeTruthy();
});

test("a hash is as long as it takes to tell it from others", () => {
  const [commit, digest] = ["17230d65".repeat(5), "e7c34142".repeat(8)];
  expect(shortened(`localhost:5000/shop-web:${commit}@sha256:${digest}`)).toBe(
    "localhost:5000/shop-web:17230d651723…@sha256:e7c34142e7c3…",
  );
  expect(shortened("decade:1.2-deadbeef")).toBe("decade:1.2-deadbeef");
});

test("a reference with its digest in it is told once", () => {
  expect(imageText({ reference: "web@sha256:1", digest: "sha256:1" })).toBe("web@sha256:1");
  expect(imageText({ reference: "web" })).toBe("web");
});

test("a deployment's release is compared with the good one before it", () => {
  const release = (id: string, environment: string, verdict: string, judged_at: string) => ({
    id,
    environment,
    verdict,
    judged_at,
  });
  const [third, failed, first, other] = [
    release("3", "a", "good", "2030-01-03"),
    release("2", "a", "failed", "2030-01-02"),
    release("1", "a", "good", "2030-01-01"),
    release("0", "b", "good", "2030-01-02"),
  ];
  const all = [third, failed, first, other];
  expect(madeBy("3", all)).toEqual({ from: first, to: third });
  expect(madeBy("1", all)).toBeNull();
  expect(madeBy("none", all)).toBeNull();
});
