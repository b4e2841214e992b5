// The runners: which there are, whether they live, and what each has in hand. For administrators.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link } from "react-router";

import { answer, client, type Schemas } from "../../api/client";
import { Page } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { count, grouped } from "../../ui/duration";
import { ServerIcon } from "../../ui/icons";
import { usePageState } from "../../ui/page-state";
import { Answered, EmptyState } from "../../ui/Panel";
import { StatusIcon } from "../../ui/StatusIcon";
import { Span, Time } from "../../ui/Time";
import { standingOf } from "./standing";

export type Runner = Schemas["RunnerView"];

export function Component() {
  usePageState("Runners");
  const runners = useQuery({
    queryKey: ["runners"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/runners", { signal })),
    placeholderData: keepPreviousData,
    refetchInterval: 4_000,
  });
  return (
    <Page title="Runners">
      <Answered isOnPage query={runners} lines={6}>
        {({ items }) =>
          items.length === 0 ? (
            <EmptyState icon={<ServerIcon />} title="No runner">
              <p>
                Pipelines wait until there is one. Start the server with{" "}
                <code className="font-mono">--runners</code> of at least 1, or{" "}
                <code className="font-mono">imt runner</code> on another machine.
              </p>
            </EmptyState>
          ) : (
            <ul className="grid gap-3 md:grid-cols-2">
              {items.map((runner) => (
                <RunnerCard key={runner.instance} runner={runner} />
              ))}
            </ul>
          )
        }
      </Answered>
    </Page>
  );
}

export function RunnerCard({ runner }: { runner: Runner }) {
  const { pipelines, deployments } = runner;
  const standing = standingOf(runner);
  const isIdle = pipelines.length === 0 && deployments.length === 0;
  // Slots are for pipelines; there are as many for deployments, which are all listed. What one told of itself is a little old.
  const used = isIdle ? 0 : Math.max(pipelines.length, runner.driving - deployments.length);
  const more = runner.driving - pipelines.length - deployments.length;
  return (
    <li className="min-w-0 rounded-lg border border-line bg-surface">
      <div className="space-y-1 border-b border-line px-4 py-2.5">
        <div className="flex min-w-0 items-center gap-2">
          <StatusIcon status={standing.status} className="size-5" />
          <h2 className="min-w-0 flex-1 truncate font-semibold">
            <Untrusted text={runner.host} />
          </h2>
          <span className="text-sm whitespace-nowrap text-muted">{standing.text}</span>
        </div>
        <p className="font-mono text-xs break-all text-muted">
          <Untrusted text={runner.instance} />
        </p>
        <div className="flex min-w-0 flex-wrap items-center gap-x-4 gap-y-1 text-sm text-muted">
          <span>
            version <Untrusted text={runner.version} />
          </span>
          <span>
            {used} of {count(runner.slots, "slot")} in use
          </span>
          <span>
            last seen <Time at={runner.seen_at} />
          </span>
          {runner.labels.map((label) => (
            <span key={label} className="max-w-full truncate rounded-full bg-sunken px-2 py-0.5">
              <Untrusted text={label} />
            </span>
          ))}
        </div>
      </div>
      {isIdle ? (
        <p className="px-4 py-2.5 text-sm text-muted">No jobs.</p>
      ) : (
        <ul className="divide-y divide-line text-sm" aria-label="What it has in hand">
          {pipelines.map((pipeline) => (
            <InHand
              key={`p ${pipeline.project} ${pipeline.number}`}
              to={`/projects/${pipeline.project}/pipelines/${pipeline.number}`}
              project={pipeline.project}
              what={`#${pipeline.number}`}
              doing={pipeline.jobs.join(", ")}
              since={pipeline.started_at}
            />
          ))}
          {deployments.map((deployment) => (
            <InHand
              key={`d ${deployment.project} ${deployment.number}`}
              to={`/projects/${deployment.project}/deployments/${deployment.number}`}
              project={deployment.project}
              what={`deployment #${deployment.number}`}
              doing={`to ${deployment.environment}`}
              since={deployment.started_at}
            />
          ))}
          {more > 0 && <li className="px-4 py-2 text-muted">and {grouped(more)} more</li>}
        </ul>
      )}
    </li>
  );
}

interface InHandProps {
  to: string;
  project: string;
  what: string;
  doing: string;
  since: string | null | undefined;
}

function InHand({ to, project, what, doing, since }: InHandProps) {
  return (
    <li className="relative flex min-w-0 items-center gap-3 px-4 py-2 focus-row hover:bg-page">
      <Link
        data-row
        to={to}
        className="shrink-0 rounded-sm font-medium no-underline after:absolute after:inset-0 after:content-['']"
      >
        <Untrusted text={project} /> {what}
      </Link>
      <span className="min-w-0 flex-1 truncate text-muted">
        <Untrusted text={doing} />
      </span>
      {since && (
        <span className="whitespace-nowrap text-muted">
          <Span from={since} to={null} />
        </span>
      )}
    </li>
  );
}
