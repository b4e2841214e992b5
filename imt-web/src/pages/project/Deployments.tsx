// The deployments of a project, newest first, and the releases that can be gone back to.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";

import { asks, type Project } from "../../api/queries";
import { ButtonLink } from "../../ui/Button";
import { RocketIcon } from "../../ui/icons";
import { usePageState } from "../../ui/page-state";
import { Paging } from "../../ui/Paging";
import { Answered, EmptyState, Panel, Skeleton } from "../../ui/Panel";
import { DeploymentRow } from "./DeploymentRow";
import { ProjectFrame } from "./ProjectFrame";
import { Releases } from "./Releases";

export function Component() {
  const { project: name = "" } = useParams();
  usePageState(`Deployments of ${name}`);
  return <ProjectFrame name={name}>{(project) => <Deployments project={project} />}</ProjectFrame>;
}

function Deployments({ project }: { project: Project }) {
  const [search] = useSearchParams();
  const cursor = search.get("cursor");
  const paging = { limit: 50, ...(cursor === null ? {} : { cursor }) };
  const deployments = useQuery({
    ...asks.deployments(project.name, paging),
    placeholderData: keepPreviousData,
  });
  const releases = useQuery(asks.releases(project.name));
  // What comes later above would push down what is there.
  if (releases.isPending) return <Skeleton lines={8} />;
  return (
    <>
      <Releases project={project} releases={releases.data?.items ?? []} />
      <Panel title="Deployments" isFlush>
        <Answered query={deployments} lines={6}>
          {({ items, next }) =>
            items.length === 0 ? (
              <EmptyState icon={<RocketIcon />} title="Nothing was deployed yet">
                <p>
                  Say in the settings on which host an environment runs, and in the pipeline file, under{" "}
                  <code className="font-mono">deploy</code>, what goes there after a green pipeline.
                </p>
                {project.role === "owner" && (
                  <ButtonLink to={`/projects/${project.name}/settings/targets`}>Set a target</ButtonLink>
                )}
              </EmptyState>
            ) : (
              <>
                <ul className="divide-y divide-line">
                  {items.map((deployment) => (
                    <DeploymentRow key={deployment.id} project={project.name} deployment={deployment} />
                  ))}
                </ul>
                <Paging next={next} />
              </>
            )
          }
        </Answered>
      </Panel>
    </>
  );
}
