// Two releases beside each other: which services change, and from what to what; files, settings, profiles and variables by name.
import { useQuery } from "@tanstack/react-query";

import type { Schemas } from "../../api/client";
import { asks, type Release } from "../../api/queries";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { Commit } from "../../ui/Commit";
import { count } from "../../ui/duration";
import { Answered } from "../../ui/Panel";
import { imageText, isNothing, sameServices, settingsOf, shortened } from "./release-diff";

type Difference = Schemas["DifferenceView"];

interface DiffProps {
  project: string;
  from: Release;
  to: Release;
  /** What each of the two is, where it does not go without saying. */
  sides?: readonly [string, string];
}

/** Of what runs and what would take its place. */
export const NOW_AND_THEN = ["runs now", "would run"] as const;

export function ReleaseDiff({ project, from, to, sides }: DiffProps) {
  const difference = useQuery(asks.difference(project, from.id, to.id));
  return (
    <div className="space-y-3 text-sm">
      <p className="flex flex-wrap items-center gap-2 text-text">
        <Side commit={from.commit} name={sides?.[0]} /> <span aria-label="to">→</span>{" "}
        <Side commit={to.commit} name={sides?.[1]} />
      </p>
      <Answered query={difference}>
        {(found) => <Differences found={found} same={sameServices(found, to)} />}
      </Answered>
    </div>
  );
}

function Side({ commit, name }: { commit: string; name: string | undefined }) {
  return (
    <span className="inline-flex items-center gap-1.5">
      {name !== undefined && <span className="text-muted">{name}</span>} <Commit commit={commit} />
    </span>
  );
}

export function Differences({ found, same }: { found: Difference; same: number }) {
  if (isNothing(found)) {
    return <p>Nothing differs: they have the same images, files and variables.</p>;
  }
  return (
    <>
      <dl className="space-y-2">
        {found.services.map(({ service, from, to }) => (
          <div key={service}>
            <dt className="font-medium text-text">
              <Untrusted text={service} />
            </dt>
            <dd className="font-mono text-xs">
              {from && <Line sign="−" text={imageText(from)} />}
              {to && <Line sign="+" text={imageText(to)} />}
            </dd>
          </div>
        ))}
      </dl>
      {same > 0 && <p>{count(same, "service")} unchanged.</p>}
      <Named title="Files" items={found.files} />
      <Named title="Settings" items={settingsOf(found)} />
      {!found.settings_are_told && (
        <p>Which settings of the compose files differ, only compose could say: they build on each other.</p>
      )}
      <Named title="Profiles" items={found.profiles} />
      <Named title="Variables" items={found.variables} />
      {found.variables_differ && found.variables.length === 0 && <p>Variables differ.</p>}
    </>
  );
}

function Line({ sign, text }: { sign: "+" | "−"; text: string }) {
  const look = sign === "+" ? "bg-success-soft text-success-text" : "bg-failed-soft text-failed-text";
  return (
    <p className={`px-2 py-0.5 break-all ${look}`} title={plain(text)}>
      {sign} <Untrusted text={shortened(text)} />
    </p>
  );
}

/** Of files, settings and variables no more is told than what they are called. */
function Named({ title, items }: { title: string; items: Difference["files"] }) {
  if (items.length === 0) return null;
  return (
    <section aria-label={`${title} that differ`}>
      <h3 className="font-medium text-text">{title}</h3>
      <ul className="max-h-60 overflow-auto font-mono text-xs">
        {items.map(({ name, kind }) => (
          <li key={name} className="flex gap-2 py-0.5">
            <span className="w-16 shrink-0 font-sans text-muted">{kind}</span>
            <Untrusted text={name} className="min-w-0 break-all" />
          </li>
        ))}
      </ul>
    </section>
  );
}
