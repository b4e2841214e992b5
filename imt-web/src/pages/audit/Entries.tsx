// A piece of the audit log, and the ways to older and newer ones.
import type { UseQueryResult } from "@tanstack/react-query";

import { Link } from "react-router";

import type { Schemas } from "../../api/client";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { Paging } from "../../ui/Paging";
import { Answered, EmptyState, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { told, viaText, type Part } from "./actions";

interface EntriesProps {
  query: UseQueryResult<Schemas["Listed_EntryView"]>;
  /** Whose log it is; absent for that of the whole server. */
  project?: string;
}

export function Entries({ query, project }: EntriesProps) {
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
                  <Entry
                    key={`${entry.at} ${place}`}
                    entry={entry}
                    {...(project !== undefined && { project })}
                  />
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

export function Entry({ entry, project }: { entry: Schemas["EntryView"]; project?: string }) {
  const { who, what } = told(entry, project);
  return (
    <li className="grid grid-cols-[auto_minmax(0,1fr)_auto] gap-x-4 gap-y-0.5 px-4 py-2 text-sm sm:grid-cols-[7rem_10rem_minmax(0,1fr)_auto]">
      <span className="text-muted">
        <Time at={entry.at} />
      </span>
      <Untrusted text={who} className="truncate font-medium" />
      <span className="min-w-0 wrap-anywhere max-sm:order-last max-sm:col-span-3">
        {what.map((part, place) => (
          // The parts of a sentence have nothing but their place to be known by.
          <Piece key={place} part={part} />
        ))}
      </span>
      <span
        className="max-w-40 truncate text-muted sm:max-w-60"
        title={plain(entry.request ? `request ${entry.request}` : "")}
      >
        <Untrusted text={[viaText(entry.via), entry.remote ?? ""].filter((part) => part !== "").join(", ")} />
      </span>
    </li>
  );
}

function Piece({ part }: { part: Part }) {
  if (typeof part === "string") return <Untrusted text={part} />;
  if ("name" in part) return <Untrusted text={part.name} className="font-medium" />;
  return (
    <Link to={part.to} className="text-accent underline">
      <Untrusted text={part.text} />
    </Link>
  );
}
