// Where the caller is signed in, and the way out from afar.
import { queryOptions, useQuery } from "@tanstack/react-query";

import { answer, client, done, type Schemas } from "../../api/client";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { Answered, ErrorBox, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { agentText } from "./agent";

const askSessions = () =>
  queryOptions({
    queryKey: ["me", "sessions"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/me/sessions", { signal })),
  });

export function Sessions() {
  const sessions = useQuery(askSessions());
  const deed = useDeed(askSessions().queryKey);
  const endAll = () => deed.run(() => done(client.DELETE("/api/v1/me/sessions")), "Ended");
  return (
    <Panel
      title="Sessions"
      action={
        <Button isBusy={deed.isBusy} onClick={() => void endAll()}>
          End all but this one
        </Button>
      }
      isFlush
    >
      {deed.error !== null && <ErrorBox error={deed.error} />}
      <Answered query={sessions}>
        {({ items }) => (
          <ul className="divide-y divide-line">
            {items.map((session) => (
              <Session key={session.id} session={session} />
            ))}
          </ul>
        )}
      </Answered>
    </Panel>
  );
}

function Session({ session }: { session: Schemas["SessionView"] }) {
  const deed = useDeed(askSessions().queryKey, ["me"]);
  const end = () =>
    deed.run(
      () =>
        done(client.DELETE("/api/v1/me/sessions/{session}", { params: { path: { session: session.id } } })),
      "Ended",
    );
  return (
    <li className="flex min-h-12 flex-wrap items-center gap-x-4 gap-y-1 px-4 py-2 text-sm">
      <span className="font-medium" title={plain(session.agent ?? "")}>
        <Untrusted text={agentText(session.agent ?? "")} />
      </span>
      {session.is_this && (
        <span className="rounded-full bg-success-soft px-2 text-success-text">this one</span>
      )}
      {session.remote && <Untrusted text={session.remote} className="font-mono text-muted" />}
      <span className="flex-1 text-muted">
        used <Time at={session.seen_at} />, since <Time at={session.opened_at} />
      </span>
      {!session.is_this && (
        <Button look="quiet" className="-mr-3" isBusy={deed.isBusy} onClick={() => void end()}>
          End
        </Button>
      )}
      {deed.error !== null && <ErrorBox error={deed.error} />}
    </li>
  );
}
