// Asks for the part of the page that is looked at first. It is the first to run: what is below it takes its time.
import { parts, pathOf } from "./parts";

const path = pathOf(location.pathname);
if (path !== undefined) {
  parts[path]().catch(() => {
    // The router asks for it, too, and tells.
  });
}
