// Where a log is read from: the server's answers about one try of a job, or about a deployment.
//
// Does not keep anything, and does not know what is shown.
import { answer, client, type Schemas } from "../api/client";

export type Page = Schemas["LogPieces"];
export type Found = Schemas["LogMatch"];
export type FoundPage = Schemas["LogMatches"];
/** The items of a job's script that have begun. */
export type CommandPage = Schemas["LogCommands"];

/** From where on to read. */
export type Start = { readonly offset: number } | { readonly line: number } | { readonly tail: number };

/** From which line on to look for commands, and for which item of the script. */
export interface CommandStart {
  readonly line: number;
  readonly item: number;
}

export interface LogSource {
  /** The address of the whole log as bytes, and what its file is called. */
  readonly raw: string;
  readonly name: string;
  read(from: Start, signal: AbortSignal): Promise<Page>;
  search(query: string, line: number, signal: AbortSignal): Promise<FoundPage>;
  /** Where items of the script begin; null where there is no script. */
  readonly commands: ((from: CommandStart, signal: AbortSignal) => Promise<CommandPage>) | null;
}

const HITS = 1_000;

/** A try of a job: the last one where none is said. */
export function jobLog(project: string, number: number, job: number, attempt?: number): LogSource {
  const which = attempt === undefined ? {} : { attempt };
  const path = { project, number, job };
  const raw = `/api/v1/projects/${encodeURIComponent(project)}/pipelines/${number}/jobs/${job}/log`;
  return {
    raw: attempt === undefined ? raw : `${raw}?attempt=${attempt}`,
    name: `${project}-${number}-${job}${attempt === undefined ? "" : `-${attempt}`}.log`,
    read: (from, signal) => {
      const params = { path, query: { ...which, ...from } };
      return answer(
        client.GET("/api/v1/projects/{project}/pipelines/{number}/jobs/{job}/log/pieces", { params, signal }),
      );
    },
    search: (q, line, signal) => {
      const params = { path, query: { ...which, q, line, limit: HITS } };
      return answer(
        client.GET("/api/v1/projects/{project}/pipelines/{number}/jobs/{job}/log/search", { params, signal }),
      );
    },
    commands: (from, signal) => {
      const params = { path, query: { ...which, ...from } };
      return answer(
        client.GET("/api/v1/projects/{project}/pipelines/{number}/jobs/{job}/log/commands", {
          params,
          signal,
        }),
      );
    },
  };
}

export function deploymentLog(project: string, number: number): LogSource {
  const path = { project, number };
  return {
    raw: `/api/v1/projects/${encodeURIComponent(project)}/deployments/${number}/log`,
    name: `${project}-deployment-${number}.log`,
    read: (from, signal) => {
      const params = { path, query: from };
      return answer(
        client.GET("/api/v1/projects/{project}/deployments/{number}/log/pieces", { params, signal }),
      );
    },
    search: (q, line, signal) => {
      const params = { path, query: { q, line, limit: HITS } };
      return answer(
        client.GET("/api/v1/projects/{project}/deployments/{number}/log/search", { params, signal }),
      );
    },
    commands: null,
  };
}
