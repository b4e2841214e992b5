// The name that a project gets if nobody gives it another, out of where its repository is.

const GOOD = /^[a-z0-9][a-z0-9._-]*$/;
const MOST = 63;

/** What is wrong with a name; null where nothing is. */
export function wrongName(name: string): string | null {
  if (name === "") return null;
  if (name.length > MOST) return `At most ${MOST} characters.`;
  if (!GOOD.test(name)) return "Lower-case letters, digits, -, _ and ., beginning with a letter or digit.";
  return null;
}

/** The last part of an address, as a name. */
export function suggestedName(url: string): string {
  const path = url
    .trim()
    .replace(/[?#].*$/, "")
    .replace(/\/+$/, "")
    .replace(/\.git$/, "");
  const last = path.split(/[/:]/).at(-1) ?? "";
  return last
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, "-")
    .replace(/^[^a-z0-9]+/, "")
    .slice(0, MOST);
}
