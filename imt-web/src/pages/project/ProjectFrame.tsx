// What stands around all pages of a project: its name, its parts, and what can be started in it.
import { useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";
import { NavLink } from "react-router";

import { asks, type Project } from "../../api/queries";
import { Page } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { PlayIcon, RocketIcon } from "../../ui/icons";
import { Answered } from "../../ui/Panel";
import { DeployDialog } from "./DeployDialog";
import { RunDialog } from "./RunDialog";

export function ProjectFrame({
  name,
  children,
}: {
  name: string;
  children: (project: Project) => ReactNode;
}) {
  const project = useQuery(asks.project(name));
  return (
    <Page
      crumbs={[{ to: "/", text: "Projects" }]}
      title={<Untrusted text={name} />}
      below={project.data && <About project={project.data} />}
      actions={project.data && <Actions project={project.data} />}
    >
      <Answered isOnPage query={project} lines={8}>
        {(found) => (
          <>
            <Parts project={found} />
            {children(found)}
          </>
        )}
      </Answered>
    </Page>
  );
}

function About({ project }: { project: Project }) {
  const url = project.repo_url ?? "";
  return (
    <p className="text-sm text-muted">
      {/^https?:\/\//.test(url) ? (
        <a href={url} rel="noreferrer noopener" target="_blank" className="hover:text-text hover:underline">
          <Untrusted text={url} />
        </a>
      ) : (
        <Untrusted text={url} />
      )}
      {project.archived_at && (
        <span className="ml-2 font-medium text-errored-text">in the archive: nothing is run in it</span>
      )}
    </p>
  );
}

function Actions({ project }: { project: Project }) {
  const [open, setOpen] = useState<"run" | "deploy" | null>(null);
  const close = () => setOpen(null);
  if (project.archived_at) return null;
  return (
    <>
      {project.role === "owner" && (
        <Button onClick={() => setOpen("deploy")}>
          <RocketIcon /> Deploy
        </Button>
      )}
      <Button look="primary" onClick={() => setOpen("run")}>
        <PlayIcon /> Run
      </Button>
      {open === "run" && <RunDialog project={project} onClose={close} />}
      {open === "deploy" && <DeployDialog project={project} onClose={close} />}
    </>
  );
}

function Parts({ project }: { project: Project }) {
  const isOwner = project.role === "owner";
  const base = `/projects/${project.name}`;
  const parts = [
    { to: base, text: "Pipelines", isExact: true },
    { to: `${base}/deployments`, text: "Deployments", isExact: false },
    ...(isOwner
      ? [
          { to: `${base}/settings`, text: "Settings", isExact: false },
          { to: `${base}/audit`, text: "Audit", isExact: false },
        ]
      : []),
  ];
  return (
    <nav
      aria-label="Parts of the project"
      className="-mb-1 flex gap-1 overflow-x-auto overflow-y-hidden border-b border-line"
    >
      {parts.map((part) => (
        <NavLink
          key={part.to}
          to={part.to}
          end={part.isExact}
          className="-mb-px border-b-2 border-transparent px-3 py-2 text-sm font-medium whitespace-nowrap text-muted no-underline hover:text-text aria-[current=page]:border-accent aria-[current=page]:text-text"
        >
          {part.text}
        </NavLink>
      ))}
    </nav>
  );
}
