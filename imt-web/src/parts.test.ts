import { expect, it } from "vitest";

import { pathOf } from "./parts";

it.each([
  ["/", ""],
  ["/sign-in", "sign-in"],
  ["/projects/new", "projects/new"],
  ["/projects/news/", "projects/:project"],
  ["/projects/shop/pipelines/7", "projects/:project/pipelines/:number"],
  ["/projects/shop/settings", "projects/:project/settings/:part?"],
  ["/projects/shop/settings/secrets", "projects/:project/settings/:part?"],
  ["/audit", "audit"],
  ["/projects/shop/settings/secrets/more", undefined],
  ["/auditors", undefined],
])("the page at %s is %s", (address, path) => expect(pathOf(address)).toBe(path));
