// What tests of components share: a server that answers as a test says and remembers what it was asked, and the surroundings
// of a page.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { render } from "@testing-library/react";
import type { ReactNode } from "react";
import { MemoryRouter } from "react-router";
import { vi } from "vitest";

export interface Asked {
  /** As in `POST /api/v1/projects`. */
  what: string;
  body: unknown;
}

type Answer = unknown;

export function problem(status: number, code: string, detail: string): Response {
  return Response.json({ code, title: code, status, detail, request_id: "request-1" }, { status });
}

/** `answers`: by what is asked; a function is called for each time. What nobody answers to is a 404. */
export function serve(answers: Record<string, Answer>): Asked[] {
  const asked: Asked[] = [];
  vi.stubGlobal("fetch", async (request: Request) => {
    const { pathname } = new URL(request.url);
    const what = `${request.method} ${pathname}`;
    const text = await request.text();
    asked.push({ what, body: text === "" ? null : (JSON.parse(text) as unknown) });
    const found = answers[what];
    const answer: unknown = typeof found === "function" ? await (found as () => unknown)() : found;
    if (answer instanceof Response) return answer;
    if (answer === undefined) return problem(404, "not_found", `nobody answers to ${what}`);
    return answer === null ? new Response(null, { status: 204 }) : Response.json(answer);
  });
  return asked;
}

export function show(page: ReactNode) {
  const queries = new QueryClient({ defaultOptions: { queries: { retry: false, refetchInterval: false } } });
  return render(
    <QueryClientProvider client={queries}>
      <MemoryRouter>{page}</MemoryRouter>
    </QueryClientProvider>,
  );
}
