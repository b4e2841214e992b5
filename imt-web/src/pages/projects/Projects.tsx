// All projects of the caller: how the last pipeline of each went, and what is live where.
import { useQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { useSearchParams } from "react-router";

import { asks, type Overview } from "../../api/queries";
import { Page } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { Button, ButtonLink } from "../../ui/Button";
import { BranchIcon, PlusIcon } from "../../ui/icons";
import { usePageState } from "../../ui/page-state";
import { Answered, EmptyState, ErrorBox } from "../../ui/Panel";
import { ProjectRow } from "./ProjectRow";
import { standingText, standingTone } from "./standing";

export function Component() {
  const [search, setSearch] = useSearchParams();
  const isArchived = search.get("archived") === "true";
  const cursor = search.get("cursor");
  const projects = useQuery(
    asks.overview(isArchived, { limit: 100, ...(cursor === null ? {} : { cursor }) }),
  );
  usePageState("Projects", standingTone(isArchived ? [] : (projects.data?.items ?? [])));
  const [wanted, setWanted] = useState("");
  const text = useDeferredValue(wanted.trim().toLowerCase());
  // One looks for a project among all of them, not among those that happen to be listed.
  const isPart = cursor !== null || Boolean(projects.data?.next);
  const all = useQuery({ ...asks.wholeOverview(isArchived), enabled: text !== "" && isPart });
  const isNone = !isArchived && cursor === null && projects.data?.items.length === 0;
  const kept = isArchived ? { archived: "true" } : {};

  return (
    <Page
      title={isArchived ? "Archive" : "Projects"}
      actions={
        <>
          <ButtonLink look="quiet" to={isArchived ? "/" : "/?archived=true"}>
            {isArchived ? "Projects in use" : "Archive"}
          </ButtonLink>
          {/* Where there is none yet, the page itself leads there. */}
          <ButtonLink look={isNone ? "normal" : "primary"} to="/projects/new">
            <PlusIcon /> New project
          </ButtonLink>
        </>
      }
    >
      <Answered isOnPage query={projects} lines={8}>
        {({ items, next }) =>
          items.length === 0 && cursor === null ? (
            <NoProjects isArchived={isArchived} />
          ) : (
            <>
              <div className="flex flex-wrap items-center gap-x-4 gap-y-2">
                <input
                  type="search"
                  data-search
                  aria-label="Find a project"
                  placeholder="Find a project  /"
                  value={wanted}
                  onChange={(event) => setWanted(event.target.value)}
                  className="min-h-9 w-full rounded-md border border-line-strong bg-surface px-3 text-base placeholder:text-muted sm:max-w-xs sm:text-sm"
                />
                {/* Of a part of them it would say that of all. */}
                {!isPart && !isArchived && <p className="text-sm text-muted">{standingText(items)}</p>}
                {isPart && text === "" && (
                  <p className="text-sm text-muted">
                    {cursor === null ? `The first ${items.length} by name.` : `${items.length} further ones.`}{" "}
                    All are looked through to find one.
                  </p>
                )}
              </div>
              <Found
                items={text === "" ? items : (all.data ?? items)}
                text={text}
                isAsking={all.data === undefined && all.isEnabled}
              />
              {text !== "" && all.error !== null && (
                <ErrorBox
                  title="Not all projects could be looked through"
                  error={all.error}
                  onRetry={() => void all.refetch()}
                />
              )}
              {text === "" && (next ?? cursor) && (
                <nav aria-label="Further projects" className="flex justify-between">
                  {cursor === null ? (
                    <span />
                  ) : (
                    <Button onClick={() => setSearch(kept)}>First projects</Button>
                  )}
                  {next && (
                    <Button onClick={() => setSearch({ ...kept, cursor: next })}>Further projects</Button>
                  )}
                </nav>
              )}
            </>
          )
        }
      </Answered>
    </Page>
  );
}

function Found({ items, text, isAsking }: { items: readonly Overview[]; text: string; isAsking: boolean }) {
  const found = items.filter(({ project }) =>
    `${project.name} ${project.repo_url ?? ""}`.toLowerCase().includes(text),
  );
  return (
    <>
      <p role="status" className="text-sm text-muted empty:sr-only">
        {isAsking && "The others are looked through …"}
        {!isAsking && text !== "" && found.length > 0 && count(found.length)}
        {!isAsking && found.length === 0 && (
          <>
            No project has “
            <Untrusted text={text.length > 100 ? `${text.slice(0, 100)}…` : text} />” in its name or address.
          </>
        )}
      </p>
      <ul className="space-y-2">
        {found.map((line) => (
          <ProjectRow key={line.project.id} line={line} />
        ))}
      </ul>
    </>
  );
}

function count(found: number): string {
  return found === 1 ? "1 project found" : `${found} projects found`;
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
