// The way to the server's API: typed calls, and problems as errors. It knows nothing of what is shown, and keeps nothing.
import createClient from "openapi-fetch";

import type { components, paths } from "./schema";

export type Schemas = components["schemas"];

/** A problem that the server told, or that kept us from reaching it (then `status` is 0). */
export class ApiError extends Error {
  override readonly name = "ApiError";

  constructor(
    readonly status: number,
    readonly code: string,
    detail: string,
    readonly requestId: string | null,
  ) {
    super(detail);
  }
}

/** Whether the same may go well another time: what is not there, or not allowed, stays so. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof ApiError)) return true;
  const { status } = error;
  return status === 0 || status === 408 || status === 429 || status >= 500;
}

export const client = createClient<paths>({
  baseUrl: location.origin,
  // Looked up at each call, so that tests can put another in its place.
  fetch: (request) => fetch(request),
});

interface Result {
  data?: unknown;
  error?: unknown;
  response: Response;
}

/** What an answer holds; throws an `ApiError` where it holds none. */
export async function answer<R extends Result>(call: Promise<R>): Promise<NonNullable<R["data"]>> {
  return (await whole(call)).data as NonNullable<R["data"]>;
}

/** For calls whose answer has no body. */
export async function done(call: Promise<Result>): Promise<void> {
  await whole(call);
}

async function whole(call: Promise<Result>): Promise<Result> {
  let result: Result;
  try {
    result = await call;
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server does not answer.", null);
  }
  if (!result.response.ok) throw problemOf(result.error, result.response);
  return result;
}

/** The problem that an answer is about, whatever its body holds. */
export function problemOf(body: unknown, response: Response): ApiError {
  const problem = typeof body === "object" && body !== null ? (body as Partial<Schemas["Problem"]>) : {};
  const detail =
    typeof problem.detail === "string" ? problem.detail : `The server answered ${response.status}.`;
  const requestId =
    typeof problem.request_id === "string" ? problem.request_id : response.headers.get("x-request-id");
  return new ApiError(
    response.status,
    typeof problem.code === "string" ? problem.code : "unknown",
    detail,
    requestId,
  );
}
