// Where the environments of a project run. A host is talked to once somebody has compared its key with what the host
// itself says.
import { useQuery } from "@tanstack/react-query";

import { client, done, type Schemas } from "../../api/client";
import { useMe } from "../../api/queries";
import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { useEditing } from "../../ui/editing";
import { ServerIcon } from "../../ui/icons";
import { NamedPanel } from "../../ui/NamedList";
import { EmptyState } from "../../ui/Panel";
import { askTargets } from "./asks";
import { TargetForm } from "./TargetForm";

type Target = Schemas["TargetView"];

export function Targets({ project }: { project: Project }) {
  const targets = useQuery(askTargets(project.name));
  const me = useMe();
  const { edited: chosen, turn, edit, end } = useEditing<Target>();
  // As it is known now: what somebody else changes of it meanwhile is not undone unseen. One that is gone is set again.
  const edited = targets.data?.items.find((target) => target.environment === chosen?.environment) ?? chosen;
  const forget = (environment: string) =>
    done(
      client.DELETE("/api/v1/projects/{project}/targets/{environment}", {
        params: { path: { project: project.name, environment } },
      }),
    );
  return (
    <NamedPanel
      title="Targets"
      query={targets}
      of={(target) => ({
        name: target.environment,
        about: <Where target={target} />,
        edit: { word: "Edit", onEdit: () => edit(target) },
      })}
      empty={
        <EmptyState icon={<ServerIcon />} title="No target yet">
          <p>
            An environment, such as production, runs on a host that is reached by SSH and has Docker. Say
            which one below.
          </p>
        </EmptyState>
      }
      consequence="What runs there goes on; nothing is deployed to it any more."
      onRemove={forget}
      list={askTargets(project.name).queryKey}
    >
      <TargetForm
        key={edited?.environment ?? ""}
        project={project}
        edited={edited}
        mayBeHere={me.data?.is_single_user === true}
        turn={turn}
        onDone={end}
      />
    </NamedPanel>
  );
}

function Where({ target: { target } }: { target: Target }) {
  if (!target.host) return "this machine";
  return (
    <>
      <Untrusted text={`${target.user ?? ""}@${target.host}:${target.port ?? 22}`} className="font-mono" />
      {target.registry && (
        <>
          {" "}
          by <Untrusted text={target.registry} className="font-mono" />
        </>
      )}
    </>
  );
}
