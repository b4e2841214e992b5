// The settings of a project, in parts. Only owners get here.
import { NavLink, useParams } from "react-router";

import type { Project } from "../../api/queries";
import { NotThere } from "../../shell/Broken";
import { usePageState } from "../../ui/page-state";
import { EmptyState } from "../../ui/Panel";
import { ProjectFrame } from "../project/ProjectFrame";
import { General } from "./General";
import { Members } from "./Members";
import { Secrets } from "./Secrets";
import { Targets } from "./Targets";
import { Variables } from "./Variables";
import { Webhook } from "./Webhook";

const PARTS = [
  { key: "general", text: "General", Part: General },
  { key: "variables", text: "Variables", Part: Variables },
  { key: "secrets", text: "Secrets", Part: Secrets },
  { key: "targets", text: "Targets", Part: Targets },
  { key: "webhook", text: "Pushes", Part: Webhook },
  { key: "members", text: "Members", Part: Members },
] as const;

export function Component() {
  const { project: name = "", part = "general" } = useParams();
  usePageState(`Settings of ${name}`);
  return <ProjectFrame name={name}>{(project) => <Settings project={project} part={part} />}</ProjectFrame>;
}

function Settings({ project, part }: { project: Project; part: string }) {
  const found = PARTS.find(({ key }) => key === part);
  if (found === undefined) return <NotThere />;
  if (project.role !== "owner") {
    return (
      <EmptyState title="Settings are the owners' business">
        <p>You are a member: you see what is run, and run it.</p>
      </EmptyState>
    );
  }
  const base = `/projects/${project.name}/settings`;
  return (
    <div className="grid items-start gap-4 md:grid-cols-[10rem_minmax(0,1fr)]">
      <nav aria-label="Parts of the settings" className="flex flex-wrap gap-1 md:flex-col">
        {PARTS.map(({ key, text }) => (
          <NavLink
            key={key}
            to={key === "general" ? base : `${base}/${key}`}
            end
            className="rounded-md px-3 py-1.5 text-sm font-medium whitespace-nowrap text-muted no-underline hover:bg-sunken aria-[current=page]:bg-accent-soft aria-[current=page]:text-text"
          >
            {text}
          </NavLink>
        ))}
      </nav>
      <div className="min-w-0 space-y-4">
        <found.Part key={project.id} project={project} />
      </div>
    </div>
  );
}
