// Asks for the part of the page that is looked at first. It is the first to run: what is below it takes its time.
import { parts, pathOf, type Path } from "./parts";

type Part = ReturnType<(typeof parts)[Path]>;

const path = pathOf(location.pathname);
let begun: { path: Path; part: Part } | null = path === undefined ? null : { path, part: parts[path]() };
begun?.part.catch(() => {
  // Whoever takes it tells.
});

/**
 * The part at a path: the one that was asked for first, once, and after that another one. Only who asks first waits for its style
 * sheet, and learns that there is none.
 */
export function fetched(path: Path): Part {
  if (begun?.path !== path) return parts[path]();
  const { part } = begun;
  begun = null;
  return part;
}
