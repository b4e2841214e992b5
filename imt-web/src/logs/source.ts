// Where a log is read from: the server's answers about one try of a job.
//
// Does not keep anything, and does not know what is shown.
import { answer, ApiError, client, problemOf, type Schemas } from "../api/client";
import type { Piece } from "../live/messages";

/** From where on to read. */
export type Start = { readonly offset: number } | { readonly line: number } | { readonly tail: number };

export interface Page {
  readonly items: readonly Piece[];
  readonly next_offset: number;
  readonly is_whole: boolean;
}

export interface Found {
  readonly line: number;
  readonly text: string;
}

export interface FoundPage {
  readonly items: readonly Found[];
  /** Where to go on; null: nothing more is in the log. */
  readonly next_line: number | null;
}

/** The echo of an item of the job's script. */
export interface Command {
  readonly line: number;
  readonly at: string;
  readonly text: string;
}

export interface LogSource {
  read(from: Start, signal: AbortSignal): Promise<Page>;
  search(query: string, line: number, signal: AbortSignal): Promise<FoundPage>;
  /** The items of the script as far as they were begun; null where the server cannot tell. */
  commands(signal: AbortSignal): Promise<readonly Command[] | null>;
  /** The address of the whole log as bytes. */
  readonly raw: string;
}

/** A try of a job: the last one where none is said. */
export function jobLog(project: string, number: number, job: number, attempt?: number): LogSource {
  const which = attempt === undefined ? {} : { attempt };
  const path = { project, number, job };
  const base = `/api/v1/projects/${encodeURIComponent(project)}/pipelines/${number}/jobs/${job}/log`;
  const address = (below: string, query: Record<string, string | number>): string => {
    const pairs = Object.entries({ ...which, ...query }).map(([key, value]) => [key, String(value)]);
    const text = new URLSearchParams(pairs).toString();
    return `${base}${below}${text === "" ? "" : `?${text}`}`;
  };
  return {
    raw: address("", {}),
    read: (from, signal): Promise<Schemas["LogPieces"]> => {
      const params = { path, query: { ...which, ...from } };
      return answer(
        client.GET("/api/v1/projects/{project}/pipelines/{number}/jobs/{job}/log/pieces", { params, signal }),
      );
    },
    search: (q, line, signal) => get<FoundPage>(address("/search", { q, line }), signal),
    commands: async (signal) => {
      try {
        return (await get<{ items: Command[] }>(address("/commands", {}), signal)).items;
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return null;
        throw error;
      }
    },
  };
}

async function get<T>(address: string, signal: AbortSignal): Promise<T> {
  let response: Response;
  try {
    response = await fetch(address, { signal });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(0, "unreachable", "The server does not answer.", null);
  }
  const body: unknown = await response.json().catch(() => null);
  if (!response.ok) throw problemOf(body, response);
  return body as T;
}
