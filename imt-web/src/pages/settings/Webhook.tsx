// How pushes get here: the webhook, what was delivered by it, and how the repository itself is asked.
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { Link, useSearchParams } from "react-router";

import { client, done, type Schemas } from "../../api/client";
import type { Project } from "../../api/queries";
import { plain } from "../../text/marks";
import { CodedLines } from "../../text/Coded";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { Branch, Commit } from "../../ui/Commit";
import { CopyText } from "../../ui/Copy";
import { useDeed } from "../../ui/deed";
import { Paging } from "../../ui/Paging";
import { Answered, EmptyState, ErrorBox, Panel } from "../../ui/Panel";
import { StatusIcon } from "../../ui/StatusIcon";
import { Time } from "../../ui/Time";
import { askDeliveries, askLook } from "./asks";
import { outcomeOf } from "./deliveries";
import { Scrolled } from "../../ui/Scrolled";

export function Webhook({ project }: { project: Project }) {
  return (
    <>
      <Panel title="Webhook">
        <div className="space-y-2">
          <p className="text-sm text-muted">
            The host of the repository sends pushes here, as{" "}
            <code className="font-mono">application/json</code>, signed with the secret{" "}
            <code className="font-mono">webhook_secret</code>.{" "}
            <Link to={`/projects/${project.name}/settings/secrets`} className="text-accent underline">
              Set another secret
            </Link>
          </p>
          <CopyText text={project.webhook_url} />
        </div>
      </Panel>
      <Look project={project} />
      <Deliveries project={project} />
    </>
  );
}

function Look({ project }: { project: Project }) {
  const look = useQuery(askLook(project.name));
  const deed = useDeed(askLook(project.name).queryKey);
  const ask = () =>
    deed.run(
      () =>
        done(
          client.POST("/api/v1/projects/{project}/reconcile", {
            params: { path: { project: project.name } },
          }),
        ),
      "The repository is asked",
    );
  return (
    <Panel
      title="Check for missed pushes"
      action={
        <Button isBusy={deed.isBusy} onClick={() => void ask()}>
          Ask the repository now
        </Button>
      }
    >
      <Answered query={look} lines={1}>
        {(found) => (
          <div className="space-y-2 text-sm">
            {found.failure ? (
              <ErrorBox title="The repository does not answer" error={new Error(found.failure)} />
            ) : (
              <p className="flex items-center gap-2">
                <StatusIcon status={found.seen_at ? "success" : "pending"} />
                {found.seen_at ? (
                  <span>
                    The repository answered <Time at={found.seen_at} />.
                  </span>
                ) : (
                  "The repository was not asked yet."
                )}
              </p>
            )}
            {deed.error !== null && <ErrorBox error={deed.error} />}
          </div>
        )}
      </Answered>
    </Panel>
  );
}

function Deliveries({ project }: { project: Project }) {
  const [search] = useSearchParams();
  const cursor = search.get("cursor");
  const deliveries = useQuery({ ...askDeliveries(project.name, cursor), placeholderData: keepPreviousData });
  return (
    <Panel title="Deliveries" isFlush>
      <Answered query={deliveries}>
        {({ items, next }) =>
          items.length === 0 ? (
            <EmptyState title="Nothing was delivered yet">
              <p>What the host of the repository sends is listed here, with what came of it.</p>
            </EmptyState>
          ) : (
            <>
              <ul className="divide-y divide-line">
                {items.map((delivery) => (
                  <Delivery key={delivery.id} project={project.name} delivery={delivery} />
                ))}
              </ul>
              <Paging next={next} />
            </>
          )
        }
      </Answered>
    </Panel>
  );
}

function Delivery({ project, delivery }: { project: string; delivery: Schemas["DeliveryView"] }) {
  const outcome = outcomeOf(delivery.state);
  // What is wrong with a pipeline file comes in many lines, with marks below its words.
  const isLong = outcome.text.length > 160 || outcome.text.includes("\n");
  const deed = useDeed(["project", project, "deliveries"]);
  const replay = () =>
    deed.run(
      () =>
        done(
          client.POST("/api/v1/projects/{project}/deliveries/{delivery}/replay", {
            params: { path: { project, delivery: delivery.id } },
          }),
        ),
      "It is worked on again",
    );
  return (
    <li className="px-4 py-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1 text-sm">
        <StatusIcon status={outcome.status} isNamed />
        <Untrusted text={delivery.event} className="font-medium" />
        {delivery.branch && (
          <span className="flex max-w-64 min-w-0">
            <Branch branch={delivery.branch} />
          </span>
        )}
        {delivery.commit && <Commit commit={delivery.commit} />}
        <span className="min-w-40 flex-1 text-muted max-sm:order-last">
          {outcome.pipeline === null ? (
            <Untrusted text={isLong ? "why is below" : outcome.text} />
          ) : (
            <Link to={`/projects/${project}/pipelines/${outcome.pipeline}`} className="text-accent underline">
              pipeline #{outcome.pipeline}
            </Link>
          )}
          {delivery.replays > 0 && `, replayed ×${delivery.replays}`}
          {delivery.provider_id ? "" : ", found by asking"}
        </span>
        <span className="text-muted max-sm:flex-1 max-sm:text-right">
          <Time at={delivery.received_at} />
        </span>
        <Button
          look="quiet"
          className="-mr-3 max-sm:order-last"
          aria-label={`Replay the delivery of ${plain(delivery.branch ?? delivery.event)}`}
          isBusy={deed.isBusy}
          onClick={() => void replay()}
        >
          Replay
        </Button>
      </div>
      {isLong && (
        <Scrolled className="my-1 max-h-48 rounded-md bg-sunken px-3 py-2 font-mono text-xs whitespace-pre-wrap">
          <CodedLines text={outcome.text} />
        </Scrolled>
      )}
      {deed.error !== null && <ErrorBox error={deed.error} />}
    </li>
  );
}
