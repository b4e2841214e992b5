// What pages ask the server for, and how often again. Nothing tells these pages of lists, so that they ask while
// somebody looks; what can be followed live is not asked for here.
import { queryOptions, useQuery, type UseQueryResult } from "@tanstack/react-query";

import { answer, client, type Schemas } from "./client";
import { whole } from "./whole";

export type Project = Schemas["ProjectView"];
export type Overview = Schemas["OverviewLine"];
export type PipelineLine = Schemas["PipelineLine"];
export type Pipeline = Schemas["PipelineView"];
export type Job = Schemas["JobView"];
export type Attempt = Schemas["AttemptView"];
export type Deployment = Schemas["DeploymentView"];
export type Release = Schemas["ReleaseView"];

const OFTEN = 4_000;
const SELDOM = 30_000;

export interface PipelineFilter {
  branch?: string;
  status?: string;
  event?: string;
  cursor?: string;
  limit?: number;
}

export interface Paging {
  cursor?: string;
  limit?: number;
}

export const asks = {
  me: () =>
    queryOptions({
      queryKey: ["me"],
      queryFn: ({ signal }) => answer(client.GET("/api/v1/me", { signal })),
      staleTime: 60_000,
    }),
  /** Projects with how they stand. The browser says what it has, and is not sent it again while nothing changes. */
  overview: (isArchived: boolean, paging: Paging) =>
    queryOptions({
      queryKey: ["projects", isArchived, paging],
      queryFn: ({ signal }) =>
        answer(
          client.GET("/api/v1/overview", { params: { query: { archived: isArchived, ...paging } }, signal }),
        ),
      refetchInterval: OFTEN,
    }),
  /** For whoever looks for one: every piece of the list, up to a bound. */
  wholeOverview: (isArchived: boolean) =>
    queryOptions({
      queryKey: ["projects", isArchived, "all"],
      queryFn: ({ signal }) =>
        whole((query) =>
          answer(
            client.GET("/api/v1/overview", { params: { query: { archived: isArchived, ...query } }, signal }),
          ),
        ),
      staleTime: SELDOM,
    }),
  project: (project: string) =>
    queryOptions({
      queryKey: ["project", project],
      queryFn: ({ signal }) =>
        answer(client.GET("/api/v1/projects/{project}", { params: { path: { project } }, signal })),
      staleTime: 15_000,
      refetchInterval: SELDOM,
    }),
  pipelines: (project: string, filter: PipelineFilter) =>
    queryOptions({
      queryKey: ["project", project, "pipelines", filter],
      queryFn: ({ signal }) =>
        answer(
          client.GET("/api/v1/projects/{project}/pipelines", {
            params: { path: { project }, query: filter },
            signal,
          }),
        ),
      refetchInterval: OFTEN,
    }),
  pipeline: (project: string, number: number) =>
    queryOptions({
      queryKey: ["project", project, "pipeline", number],
      queryFn: ({ signal }) =>
        answer(
          client.GET("/api/v1/projects/{project}/pipelines/{number}", {
            params: { path: { project, number } },
            signal,
          }),
        ),
    }),
  deployments: (project: string, paging: Paging) =>
    queryOptions({
      queryKey: ["project", project, "deployments", paging],
      queryFn: ({ signal }) =>
        answer(
          client.GET("/api/v1/projects/{project}/deployments", {
            params: { path: { project }, query: paging },
            signal,
          }),
        ),
      refetchInterval: OFTEN,
    }),
  deployment: (project: string, number: number) =>
    queryOptions({
      queryKey: ["project", project, "deployment", number],
      queryFn: ({ signal }) =>
        answer(
          client.GET("/api/v1/projects/{project}/deployments/{number}", {
            params: { path: { project, number } },
            signal,
          }),
        ),
    }),
  releases: (project: string) =>
    queryOptions({
      queryKey: ["project", project, "releases"],
      queryFn: ({ signal }) =>
        answer(client.GET("/api/v1/projects/{project}/releases", { params: { path: { project } }, signal })),
      refetchInterval: 3 * OFTEN,
    }),
  /** Releases do not change. */
  difference: (project: string, from: string, to: string) =>
    queryOptions({
      queryKey: ["project", project, "difference", from, to],
      queryFn: ({ signal }) =>
        answer(
          client.GET("/api/v1/projects/{project}/releases/{from}/differences/{to}", {
            params: { path: { project, from, to } },
            signal,
          }),
        ),
      staleTime: Infinity,
    }),
};

export type Ask = typeof asks;

export function useMe(): UseQueryResult<Schemas["Me"]> {
  return useQuery(asks.me());
}
