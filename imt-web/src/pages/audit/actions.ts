// Entries of the audit log in words.
import { words } from "../../ui/status";

/** What was done, as the server tells it. */
export function actionText(action: unknown): { what: string; about: string } {
  if (typeof action !== "object" || action === null) return { what: "something", about: "" };
  const { type, ...rest } = action as Record<string, unknown>;
  return { what: typeof type === "string" ? words(type) : "something", about: details(rest) };
}

/** Details that say something to people: names and numbers, not ids. */
function details(of: Record<string, unknown>): string {
  return Object.entries(of)
    .filter(([key, value]) => value !== null && value !== false && !isId(value) && key !== "version")
    .map(([key, value]) => {
      if (key === "number") return `#${text(value)}`;
      if (value === true) return words(key);
      return `${words(key)} ${text(value)}`;
    })
    .join(", ");
}

function isId(value: unknown): boolean {
  return (
    typeof value === "string" && /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/.test(value)
  );
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(" ");
  return typeof value === "string" || typeof value === "number" ? String(value) : JSON.stringify(value);
}

/** Who did it, where names of users are known by their ids. */
export function actorText(actor: unknown, names: ReadonlyMap<string, string>): string {
  const { type, id } = (typeof actor === "object" && actor !== null ? actor : {}) as Record<string, unknown>;
  if (type === "user" && typeof id === "string") return names.get(id) ?? `user ${id.slice(-6)}`;
  return type === "system" ? "the server" : typeof type === "string" ? words(type) : "somebody";
}

export function viaText(via: unknown): string {
  const { type } = (typeof via === "object" && via !== null ? via : {}) as Record<string, unknown>;
  return typeof type === "string" ? words(type) : "";
}
