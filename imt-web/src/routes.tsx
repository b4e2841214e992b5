// The routes: the part of the pages that is at an address, and what is asked for while it is fetched.
import { createBrowserRouter, type RouteObject } from "react-router";

import { asks } from "./api/queries";
import { queryClient } from "./api/query-client";
import { fetched } from "./first";
import { parts, type Path } from "./parts";
import { ahead } from "./shell/ahead";
import { Broken, NotThere } from "./shell/Broken";
import { numberIn } from "./shell/number";
import { part } from "./shell/part";
import { Shell } from "./shell/Shell";

const project = ahead(({ project = "" }) => queryClient.query(asks.project(project)));

const asked: Partial<Record<Path, ReturnType<typeof ahead>>> = {
  "projects/:project": project,
  "projects/:project/deployments": project,
  "projects/:project/settings/:part?": project,
  "projects/:project/audit": project,
  "projects/:project/pipelines/:number": ahead(async ({ project = "", number: text }) => {
    const number = numberIn(text);
    if (number !== null) await queryClient.query(asks.pipeline(project, number));
  }),
  "projects/:project/deployments/:number": ahead(async ({ project = "", number: text }) => {
    const number = numberIn(text);
    if (number !== null) await queryClient.query(asks.deployment(project, number));
  }),
};

/** A page, which is a bundle of its own. */
function page(path: Path): RouteObject {
  const where = path === "" ? { index: true as const } : { path };
  return { ...where, ...asked[path], lazy: () => part(() => fetched(path)) };
}

const SIGN_IN = "sign-in";
const pages = (Object.keys(parts) as Path[]).filter((path) => path !== SIGN_IN).map(page);
const around = { hydrateFallbackElement: <></>, errorElement: <Broken /> };

export const router = createBrowserRouter([
  { ...page(SIGN_IN), ...around },
  {
    ...around,
    path: "/",
    element: <Shell />,
    ...ahead(() => queryClient.query(asks.me())),
    children: [{ errorElement: <Broken />, children: [...pages, { path: "*", element: <NotThere /> }] }],
  },
]);
