// What the settings of a project ask the server for.
import { queryOptions } from "@tanstack/react-query";

import { answer, client } from "../../api/client";
import { whole } from "../../api/whole";

const of = (project: string) => ({ params: { path: { project } } });

export const askTargets = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "targets"],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/projects/{project}/targets", { ...of(project), signal })),
  });

export const askVariables = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "variables"],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/projects/{project}/variables", { ...of(project), signal })),
  });

export const askSecrets = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "secrets"],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/projects/{project}/secrets", { ...of(project), signal })),
  });

export const askMembers = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "members"],
    queryFn: async ({ signal }) => ({
      items: await whole((query) =>
        answer(
          client.GET("/api/v1/projects/{project}/members", { params: { path: { project }, query }, signal }),
        ),
      ),
    }),
  });

export const askDeliveries = (project: string, cursor: string | null) =>
  queryOptions({
    queryKey: ["project", project, "deliveries", cursor],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/v1/projects/{project}/deliveries", {
          params: { path: { project }, query: { limit: 30, ...(cursor === null ? {} : { cursor }) } },
          signal,
        }),
      ),
    refetchInterval: 4_000,
  });

export const askLook = (project: string) =>
  queryOptions({
    queryKey: ["project", project, "reconcile"],
    queryFn: ({ signal }) =>
      answer(client.GET("/api/v1/projects/{project}/reconcile", { ...of(project), signal })),
    refetchInterval: 10_000,
  });
