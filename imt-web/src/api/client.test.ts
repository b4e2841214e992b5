import { expect, test, vi } from "vitest";

import { answer, ApiError, client } from "./client";

function answered(response: Response | Error) {
  vi.stubGlobal("fetch", () =>
    response instanceof Error ? Promise.reject(response) : Promise.resolve(response),
  );
}

test("a problem is an error with its detail, code and request id", async () => {
  const problem = {
    code: "not_found",
    title: "Not found",
    status: 404,
    detail: "there is none",
    request_id: "r1",
  };
  answered(Response.json(problem, { status: 404, headers: { "content-type": "application/problem+json" } }));
  await expect(answer(client.GET("/api/v1/me"))).rejects.toEqual(
    new ApiError(404, "not_found", "there is none", "r1"),
  );
});

test("an answer that is no problem is told by its status", async () => {
  answered(new Response("<h1>Bad gateway</h1>", { status: 502, headers: { "x-request-id": "r2" } }));
  const failed = answer(client.GET("/api/v1/me"));
  await expect(failed).rejects.toMatchObject({
    status: 502,
    message: "The server answered 502.",
    requestId: "r2",
  });
});

test("a server that does not answer is told apart", async () => {
  answered(new TypeError("Failed to fetch"));
  await expect(answer(client.GET("/api/v1/me"))).rejects.toMatchObject({ status: 0, code: "unreachable" });
});

test("what is answered comes through", async () => {
  answered(Response.json({ id: "1", name: "ann", is_admin: false, is_single_user: true }));
  await expect(answer(client.GET("/api/v1/me"))).resolves.toMatchObject({ name: "ann" });
});
