// The pipelines of a project, newest first, filtered as the address says, with a chart of the last ones.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useParams, useSearchParams } from "react-router";

import { asks, type Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { useSlowNow } from "../../ui/clock";
import { ButtonLink } from "../../ui/Button";
import { PlayIcon } from "../../ui/icons";
import { usePageState } from "../../ui/page-state";
import { Paging } from "../../ui/Paging";
import { Answered, EmptyState, Panel } from "../../ui/Panel";
import { PipelineChart, summary, usualText } from "../../ui/PipelineChart";
import { toneOf } from "../../ui/status";
import { EnvironmentChip } from "./EnvironmentChip";
import { environmentsOf } from "./environments";
import { Filters, filterOf } from "./Filters";
import { PipelineRow } from "./PipelineRow";
import { ProjectFrame } from "./ProjectFrame";

export function Component() {
  const { project: name = "" } = useParams();
  return <ProjectFrame name={name}>{(project) => <Pipelines project={project} />}</ProjectFrame>;
}

function Pipelines({ project }: { project: Project }) {
  const [search] = useSearchParams();
  const filter = filterOf(search);
  const pipelines = useQuery({
    ...asks.pipelines(project.name, { ...filter, limit: 50 }),
    placeholderData: keepPreviousData,
  });
  // The icon tells how the project stands, whatever is listed of it.
  const newest = useQuery(asks.pipelines(project.name, { limit: Object.keys(filter).length > 0 ? 1 : 50 }));
  const last = newest.data?.items[0];
  usePageState(project.name, last === undefined ? undefined : toneOf(last.status));
  const listed = [...(newest.data?.items ?? []), ...(pipelines.data?.items ?? [])];
  const branches = [...new Set(listed.flatMap(({ branch }) => branch ?? []))];
  return (
    <>
      <Overview project={project} branch={filter.branch} />
      <Panel title="Pipelines" action={<Filters branches={branches} />} isFlush>
        <Answered query={pipelines} lines={8}>
          {({ items, next }) =>
            items.length === 0 ? (
              <NoPipelines project={project} isFiltered={search.size > 0} />
            ) : (
              <>
                <ul className="divide-y divide-line">
                  {items.map((pipeline) => (
                    <PipelineRow
                      key={pipeline.id}
                      project={project.name}
                      address={project.repo_url}
                      pipeline={pipeline}
                    />
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

/** Its place is kept while it is on its way, so that the list below stays where it is. */
function Overview({ project, branch }: { project: Project; branch: string | undefined }) {
  const now = useSlowNow();
  const pipelines = useQuery(
    asks.pipelines(project.name, { ...(branch === undefined ? {} : { branch }), limit: 50 }),
  );
  const items = pipelines.data?.items;
  // Why there are none is said below.
  if ((items?.length === 0 && branch === undefined) || (items === undefined && pipelines.isError))
    return null;
  return (
    <div className="grid gap-4 lg:grid-cols-[minmax(0,1fr)_minmax(0,24rem)]">
      <Panel
        title={
          <>
            Duration and success
            {branch !== undefined && (
              <>
                {" on "}
                <Untrusted text={branch} className="inline-block max-w-40 truncate align-bottom" />
              </>
            )}
          </>
        }
        action={
          <span className={`text-sm text-muted max-sm:basis-full ${items === undefined ? "invisible" : ""}`}>
            {items === undefined
              ? "50 of 50 pipelines succeeded, typically 59 s"
              : [summary(items), usualText(items)].filter((text) => text !== "").join(", ")}
          </span>
        }
      >
        {items === undefined ? (
          <div role="status" aria-label="Loading" className="h-[8.375rem] sm:h-[7.375rem]" />
        ) : (
          <PipelineChart project={project.name} pipelines={items} now={now} />
        )}
      </Panel>
      <Panel title="Live">
        <Live project={project} />
      </Panel>
    </div>
  );
}

function Live({ project }: { project: Project }) {
  const deployments = useQuery(asks.deployments(project.name, { limit: 50 }));
  // Of what was deployed long ago only its release tells.
  const releases = useQuery(asks.releases(project.name));
  if (deployments.isPending || releases.isPending)
    return <p role="status" aria-label="Loading" className="h-5" />;
  return (
    <Answered query={deployments}>
      {({ items }) => {
        const environments = environmentsOf(items, releases.data?.items);
        return environments.length === 0 ? (
          <p className="text-sm text-muted">Nothing was deployed yet.</p>
        ) : (
          <div className="flex flex-col items-start gap-2">
            {environments.map((environment) => (
              <EnvironmentChip key={environment.name} project={project.name} environment={environment} />
            ))}
          </div>
        );
      }}
    </Answered>
  );
}

function NoPipelines({ project, isFiltered }: { project: Project; isFiltered: boolean }) {
  if (isFiltered) {
    return (
      <EmptyState title="No pipeline is like that">
        <ButtonLink to={`/projects/${project.name}`}>Show all</ButtonLink>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<PlayIcon />} title="No pipeline yet">
      <p>
        Push to the repository, or run one by hand. What is run is said by{" "}
        <code className="font-mono">{project.pipeline_file}</code> of the commit.
      </p>
      {project.role === "owner" && (
        <ButtonLink to={`/projects/${project.name}/settings/webhook`}>How pushes get here</ButtonLink>
      )}
    </EmptyState>
  );
}
