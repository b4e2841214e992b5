// All projects of the caller: how the last pipeline of each went, and what is live where.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useSearchParams } from "react-router";

import { asks } from "../../api/queries";
import { Page } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { Button, ButtonLink } from "../../ui/Button";
import { BranchIcon, PlusIcon } from "../../ui/icons";
import { usePageState } from "../../ui/page-state";
import { Answered, EmptyState } from "../../ui/Panel";
import { ProjectRow } from "./ProjectRow";

export function Component() {
  usePageState("Projects");
  const [search, setSearch] = useSearchParams();
  const isArchived = search.get("archived") === "true";
  const cursor = search.get("cursor");
  const projects = useQuery(
    asks.projects(isArchived, { limit: 100, ...(cursor === null ? {} : { cursor }) }),
  );
  const [wanted, setWanted] = useState("");
  const text = useDeferredValue(wanted.trim().toLowerCase());

  return (
    <Page
      title={isArchived ? "Archive" : "Projects"}
      actions={
        <>
          <ButtonLink look="quiet" to={isArchived ? "/" : "/?archived=true"}>
            {isArchived ? "Projects in use" : "Archive"}
          </ButtonLink>
          <ButtonLink look="primary" to="/projects/new">
            <PlusIcon /> New project
          </ButtonLink>
        </>
      }
    >
      <Answered query={projects} lines={8}>
        {({ items, next }) =>
          items.length === 0 && cursor === null ? (
            <NoProjects isArchived={isArchived} />
          ) : (
            <>
              <input
                type="search"
                data-search
                aria-label="Find a project"
                placeholder="Find a project  /"
                value={wanted}
                onChange={(event) => setWanted(event.target.value)}
                className="min-h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-base placeholder:text-muted sm:max-w-xs sm:text-sm"
              />
              <ul className="space-y-2">
                {items
                  .filter((project) =>
                    `${project.name} ${project.repo_url ?? ""}`.toLowerCase().includes(text),
                  )
                  .map((project) => (
                    <ProjectRow key={project.id} project={project} />
                  ))}
              </ul>
              {next && (
                <Button
                  className="self-center"
                  onClick={() => setSearch({ ...(isArchived ? { archived: "true" } : {}), cursor: next })}
                >
                  Further projects
                </Button>
              )}
              {items.every(
                (project) => !`${project.name} ${project.repo_url ?? ""}`.toLowerCase().includes(text),
              ) && (
                <p className="text-muted">
                  No project here has “<Untrusted text={wanted} />” in its name or address.
                </p>
              )}
            </>
          )
        }
      </Answered>
    </Page>
  );
}

function NoProjects({ isArchived }: { isArchived: boolean }) {
  if (isArchived) {
    return (
      <EmptyState title="Nothing is in the archive">
        <p>Projects that are put away are here, with all that they have run.</p>
      </EmptyState>
    );
  }
  return (
    <EmptyState icon={<BranchIcon />} title="No project yet">
      <p>
        A project is a repository with a <code className="font-mono">pipeline.yml</code>. Each push to it is
        tested and, where you want it, deployed.
      </p>
      <ButtonLink look="primary" to="/projects/new">
        Make the first one
      </ButtonLink>
    </EmptyState>
  );
}
