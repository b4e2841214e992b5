// Another try is offered where it may help, and nowhere else.
import { fireEvent, screen } from "@testing-library/react";
import { expect, test, vi } from "vitest";

import { ApiError } from "../api/client";
import { Fetched } from "../shell/Fetched";
import { show } from "../testing";
import { Answered } from "./Panel";

function failed(status: number) {
  return {
    data: undefined,
    error: new ApiError(status, "code", "as the server says", null),
    refetch: vi.fn<() => void>(),
  };
}

test.each([400, 403, 404, 409, 410, 422])("%i: the way to the projects", (status) => {
  show(<Answered query={failed(status)}>{() => "there"}</Answered>);
  expect(screen.getByText("as the server says")).toBeTruthy();
  expect(screen.queryByRole("button", { name: "Try again" })).toBeNull();
  expect(screen.getByRole("link", { name: "To the projects" }).getAttribute("href")).toBe("/");
});

test.each([0, 408, 429, 500, 502, 503])("%i: another try", (status) => {
  const query = failed(status);
  show(<Answered query={query}>{() => "there"}</Answered>);
  fireEvent.click(screen.getByRole("button", { name: "Try again" }));
  expect(query.refetch).toHaveBeenCalledOnce();
  expect(screen.queryByRole("link")).toBeNull();
});

test("a page whose thing is not there says which, and where that would be", () => {
  const crumbs = [{ to: "/projects/shop", text: "shop" }];
  show(
    <Fetched query={failed(404)} title="Pipeline #7" crumbs={crumbs} lines={1}>
      {() => "there"}
    </Fetched>,
  );
  expect(screen.getByRole("heading", { name: "Pipeline #7" })).toBeTruthy();
  const links = screen.getAllByRole("link").map((link) => link.getAttribute("href"));
  expect(links).toEqual(["/projects/shop", "/"]);
});
