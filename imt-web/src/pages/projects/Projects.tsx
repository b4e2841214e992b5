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
import { isIn, standingTone, statesOf } from "./standing";
import { States } from "./States";

/** What can be chosen where not all projects are known: one of those that are not may be in it. */
const ALWAYS = ["failed", "errored", "running", "success"];

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
  // Of the archive one does not ask how it stands.
  const state = isArchived ? null : search.get("state");
  const isFiltered = text !== "" || state !== null;
  const all = useQuery({ ...asks.wholeOverview(isArchived), enabled: isFiltered && isPart });
  const choose = (key: string | null) => {
    const next = new URLSearchParams(search);
    if (key === null) next.delete("state");
    else next.set("state", key);
    setSearch(next);
  };
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
                {!isArchived && (
                  <States
                    states={statesOf(items, [...(isPart ? ALWAYS : []), ...(state === null ? [] : [state])])}
                    chosen={state}
                    isPart={isPart}
                    onChoose={choose}
                  />
                )}
                {isPart && !isFiltered && (
                  <p className="text-sm text-muted">
                    {cursor === null
                      ? `Showing the first ${items.length} by name.`
                      : `Showing ${items.length} further ones.`}{" "}
                    Search covers all.
                  </p>
                )}
              </div>
              <Found
                items={isFiltered ? (all.data ?? items) : items}
                text={text}
                state={state}
                isAsking={all.data === undefined && all.isEnabled}
              />
              {isFiltered && all.error !== null && (
                <ErrorBox
                  title="Not all projects could be looked through"
                  error={all.error}
                  onRetry={() => void all.refetch()}
                />
              )}
              {!isFiltered && (next ?? cursor) && (
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

interface FoundProps {
  items: readonly Overview[];
  text: string;
  state: string | null;
  isAsking: boolean;
}

function Found({ items, text, state, isAsking }: FoundProps) {
  const found = items.filter(
    (line) =>
      `${line.project.name} ${line.project.repo_url ?? ""}`.toLowerCase().includes(text) &&
      (state === null || isIn(line, state)),
  );
  return (
    <>
      <p role="status" className="text-sm text-muted empty:sr-only">
        {isAsking && "The others are looked through …"}
        {!isAsking && (text !== "" || state !== null) && found.length > 0 && count(found.length)}
        {!isAsking && found.length === 0 && text === "" && "No project is in this state."}
        {!isAsking && found.length === 0 && text !== "" && (
          <>
            No project has “
            <Untrusted text={text.length > 100 ? `${text.slice(0, 100)}…` : text} />” in its name or address
            {state !== null && " and is in this state"}.
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
