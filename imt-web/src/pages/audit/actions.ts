// Entries of the audit log in words.
import type { Schemas } from "../../api/client";
import { words } from "../../ui/status";

/** What was done, as the server tells it. */
export function actionText({ type, ...rest }: Schemas["ActionView"]): { what: string; about: string } {
  return { what: words(type), about: details(rest) };
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

/** Who did it. A user who is not there any more has no name. */
export function actorText({ type, id, name }: Schemas["ActorView"]): string {
  if (type === "user") return name ?? (id ? `user ${id.slice(-6)}` : "a user");
  return type === "system" ? "the server" : words(type);
}

export function viaText({ type }: Schemas["ViaView"]): string {
  return words(type);
}
