// Asks for what a page will ask for while the page itself is still fetched: the two need not wait for each other. It does not know
// what is asked.
import type { LoaderFunctionArgs, RouteObject } from "react-router";

type Params = LoaderFunctionArgs["params"];

/** A part of a route: asks when somebody comes to it, and not when only the rest of its address changes. Nothing waits for the answer. */
export function ahead(
  ask: (params: Params) => Promise<unknown>,
): Pick<RouteObject, "loader" | "shouldRevalidate"> {
  return {
    loader: ({ params }: LoaderFunctionArgs) => {
      ask(params).catch(() => {
        // The page asks again, and tells.
      });
      return null;
    },
    shouldRevalidate: ({ currentUrl, nextUrl }) => currentUrl.pathname !== nextUrl.pathname,
  };
}
