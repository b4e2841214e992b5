// A piece of the audit log, and the ways to older and newer ones.
import type { UseQueryResult } from "@tanstack/react-query";

import type { Schemas } from "../../api/client";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { ButtonLink } from "../../ui/Button";
import { Answered, EmptyState, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { actionText, actorText, viaText } from "./actions";

interface EntriesProps {
  query: UseQueryResult<Schemas["Listed_EntryView"]>;
  cursor: string | null;
}

export function Entries({ query, cursor }: EntriesProps) {
  return (
    <Panel title="What was done" isFlush>
      <Answered query={query} lines={8}>
        {({ items, next }) =>
          items.length === 0 ? (
            <EmptyState title="Nothing yet">
              <p>Whatever somebody changes is written down here: who, what, when, from where.</p>
            </EmptyState>
          ) : (
            <>
              <ul className="divide-y divide-line">
                {items.map((entry, place) => (
                  // Entries have no id; a piece of the log does not change.
                  <Entry key={`${entry.at} ${place}`} entry={entry} />
                ))}
              </ul>
              {(next ?? cursor) && (
                <nav aria-label="Older and newer" className="flex justify-between border-t border-line p-2">
                  {cursor === null ? <span /> : <ButtonLink to="?">Newest</ButtonLink>}
                  {next && <ButtonLink to={`?cursor=${encodeURIComponent(next)}`}>Older</ButtonLink>}
                </nav>
              )}
            </>
          )
        }
      </Answered>
    </Panel>
  );
}

export function Entry({ entry }: { entry: Schemas["EntryView"] }) {
  const { what, about } = actionText(entry.action);
  const whom = entry.user_name;
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-0.5 px-4 py-2 text-sm sm:grid-cols-[7rem_10rem_minmax(0,1fr)_auto]">
      <span className="text-muted">
        <Time at={entry.at} />
      </span>
      <Untrusted text={actorText(entry.actor)} className="truncate font-medium" />
      <span className="min-w-0 max-sm:col-span-2">
        <Untrusted text={what} /> {whom && <Untrusted text={whom} className="font-medium" />}{" "}
        <Untrusted text={about} className="text-muted" />
      </span>
      <span
        className="text-muted max-sm:col-span-2"
        title={plain(entry.request ? `request ${entry.request}` : "")}
      >
        <Untrusted text={[viaText(entry.via), entry.remote ?? ""].filter((part) => part !== "").join(", ")} />
      </span>
    </li>
  );
}
