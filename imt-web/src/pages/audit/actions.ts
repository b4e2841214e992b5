// What each kind of entry of the audit log says, as a sentence without its subject. It does not know how that is shown.
import type { Schemas } from "../../api/client";
import { count } from "../../ui/duration";
import { words } from "../../ui/status";

/** A piece of a sentence: words of ours, a name that somebody gave, or a way to what it is about. */
export type Part = string | { name: string } | { text: string; to: string };

type Details = Record<string, unknown>;

/** What a sentence is made from, beside the details of its entry. */
interface Around {
  /** To whom it was done; null where somebody did it to himself. */
  whom: string | null;
  /** The project, where it is known and is there. */
  project: string | null;
}

type Sentence = (details: Details, around: Around) => readonly Part[];

/** By the words of the server, all of which are here. */
export const SENTENCES: Readonly<Record<string, Sentence>> = {
  user_made: (of) => [
    of["is_admin"] === true
      ? "signed in for the first time, as an administrator"
      : "signed in for the first time",
  ],
  administrator_set: (of, { whom }) =>
    of["is_admin"] === true
      ? whom === null
        ? ["became an administrator"]
        : ["made ", { name: whom }, " an administrator"]
      : whom === null
        ? ["is no administrator any more"]
        : ["took the rights of an administrator away from ", { name: whom }],
  user_disabled: (_, { whom }) => ["kept out", ...object(whom)],
  user_enabled: (_, { whom }) => ["let in", ...object(whom), " again"],
  session_opened: () => ["signed in"],
  session_closed: (_, { whom }) => (whom === null ? ["signed out"] : ["ended a session of ", { name: whom }]),
  sessions_closed: (of, { whom }) => [`ended ${count(Number(of["count"]), "session")}`, ...owner(whom)],
  token_made: (of, { whom }) => [
    "made a token",
    ...owner(whom),
    ` for ${listed(of["scopes"])}`,
    ...(of["only"] ? [", for one project only"] : []),
  ],
  token_revoked: (_, { whom }) => ["revoked a token", ...owner(whom)],
  project_made: (of, { project }) => ["made the project ", projectPart(project, of)],
  settings_changed: (of) => [
    `changed the settings: ${texts(of["fields"])
      .map((field) => FIELDS[field] ?? words(field))
      .join(", ")}`,
  ],
  project_archived: (of, { project }) => ["put the project", ...archived(project, of), " into the archive"],
  project_restored: (of, { project }) => [
    "took the project",
    ...archived(project, of),
    " out of the archive",
  ],
  member_set: (of, { whom }) => [
    ...(whom === null ? ["became "] : ["made ", { name: whom }, " "]),
    roleText(of["role"]),
    ...(of["before"] ? [`, before ${roleText(of["before"])}`] : []),
  ],
  member_removed: (of, { whom }) =>
    whom === null
      ? [`left the project as ${roleText(of["role"])}`]
      : ["removed ", { name: whom }, `, who was ${roleText(of["role"])}`],
  secret_set: (of) => ["set the secret ", { name: text(of["secret"]) }],
  secret_removed: (of) => ["removed the secret ", { name: text(of["secret"]) }],
  delivery_replayed: () => ["replayed a delivery"],
  variable_set: (of) => [
    of["is_secret"] === true ? "set the secret variable " : "set the variable ",
    { name: text(of["name"]) },
  ],
  variable_unset: (of) => ["removed the variable ", { name: text(of["name"]) }],
  pipeline_triggered: (of, { project }) => ["ran pipeline ", numbered("pipelines", of, project)],
  pipeline_cancelled: () => ["cancelled a pipeline"],
  pipeline_retried: () => ["ran a pipeline again"],
  deployment_made: (of, { project }) => [
    of["is_rollback"] === true ? "rolled back " : "deployed to ",
    { name: text(of["environment"]) },
    ": deployment ",
    numbered("deployments", of, project),
  ],
  deployment_cancelled: () => ["cancelled a deployment"],
  target_set: (of) => ["set the target of ", { name: text(of["environment"]) }],
  target_forgotten: (of) => ["removed the target of ", { name: text(of["environment"]) }],
};

/** These say themselves which project they are about. */
const NAMING = new Set(["project_made", "project_archived", "project_restored"]);

const FIELDS: Readonly<Record<string, string>> = {
  repo_url: "repository",
  default_branch: "default branch",
  pipeline_file: "pipeline file",
  branches: "branches",
  supersedes_queued: "whether a newer push takes the place of waiting pipelines",
  triggers_on_push: "whether pushes run a pipeline",
  has_public_badge: "public badge",
  commit_statuses: "commit statuses",
};

/** Who did what. `project`: where its log is shown; in the log of the whole server entries name theirs. */
export function told(entry: Schemas["EntryView"], project?: string): { who: string; what: readonly Part[] } {
  const { type, ...details } = entry.action;
  const user = details["user"];
  // Whoever signs in for the first time is nobody yet as he comes.
  const isHimself = user === entry.actor.id || (entry.actor.type === "visitor" && Boolean(entry.user_name));
  const who = isHimself && entry.user_name ? entry.user_name : actorText(entry.actor);
  const whom = isHimself || typeof user !== "string" ? null : (entry.user_name ?? `user ${user.slice(-6)}`);
  const sentence = SENTENCES[type];
  const around = { whom, project: entry.project_name ?? project ?? null };
  const what = sentence === undefined ? unknown(type, details, whom) : sentence(details, around);
  const place = entry.project_name && !NAMING.has(type) ? [" in ", toProject(entry.project_name)] : [];
  return { who, what: [...what, ...place] };
}

/** A newer server may know more kinds than these pages: then its words, and names and numbers, but no ids. */
function unknown(type: string, details: Details, whom: string | null): Part[] {
  const about = Object.entries(details)
    .filter(([key, value]) => value !== null && value !== false && !isId(value) && key !== "version")
    .map(([key, value]) => (value === true ? words(key) : `${words(key)} ${text(value)}`));
  return [words(type), ...object(whom), ...(about.length === 0 ? [] : [" ", { name: about.join(", ") }])];
}

function object(whom: string | null): Part[] {
  return whom === null ? [] : [" ", { name: whom }];
}

function owner(whom: string | null): Part[] {
  return whom === null ? [] : [" of ", { name: whom }];
}

function toProject(name: string): Part {
  return { text: name, to: `/projects/${encodeURIComponent(name)}` };
}

function projectPart(project: string | null, of: Details): Part {
  return project === null ? { name: text(of["name"]) } : toProject(project);
}

function archived(project: string | null, of: Details): Part[] {
  return project === null ? [] : [" ", projectPart(project, of)];
}

function numbered(page: "pipelines" | "deployments", of: Details, project: string | null): Part {
  const number = text(of["number"]);
  if (project === null) return `#${number}`;
  return { text: `#${number}`, to: `/projects/${encodeURIComponent(project)}/${page}/${number}` };
}

function roleText(role: unknown): string {
  return role === "owner" ? "an owner" : role === "member" ? "a member" : text(role);
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.map(text) : [];
}

function listed(value: unknown): string {
  return texts(value).join(", ");
}

function isId(value: unknown): boolean {
  return (
    typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value)
  );
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(" ");
  if (value === undefined) return "";
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** Who did it. A user who is not there any more has no name. */
export function actorText({ type, id, name }: Schemas["ActorView"]): string {
  if (type === "user") return name ?? (id ? `user ${id.slice(-6)}` : "a user");
  return type === "system" ? "the server" : words(type);
}

export function viaText({ type }: Schemas["ViaView"]): string {
  return words(type);
}
