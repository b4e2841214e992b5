// What was done in one project, for its owners.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";

import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { usePageState } from "../../ui/page-state";
import { ProjectFrame } from "../project/ProjectFrame";
import { Entries } from "./Entries";

export function Component() {
  const { project: name = "" } = useParams();
  usePageState(`Audit of ${name}`);
  return <ProjectFrame name={name}>{(project) => <OfProject project={project} />}</ProjectFrame>;
}

function OfProject({ project }: { project: Project }) {
  const [search] = useSearchParams();
  const cursor = search.get("cursor");
  const entries = useQuery({
    queryKey: ["project", project.name, "audit", cursor],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/api/v1/projects/{project}/audit", {
          params: {
            path: { project: project.name },
            query: { limit: 100, ...(cursor === null ? {} : { cursor }) },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  });
  return <Entries query={entries} project={project.name} />;
}
