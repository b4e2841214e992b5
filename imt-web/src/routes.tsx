// Which page is at which address, and what is asked for while it is fetched. Each page is a bundle of its own.
import { createBrowserRouter, type RouteObject } from "react-router";

import { asks } from "./api/queries";
import { queryClient } from "./api/query-client";
import { ahead } from "./shell/ahead";
import { Broken, NotThere } from "./shell/Broken";
import { part } from "./shell/part";
import { Shell } from "./shell/Shell";

const asksProject = ahead(({ project = "" }) => queryClient.query(asks.project(project)));

const pages: RouteObject[] = [
  { index: true, lazy: () => part(() => import("./pages/projects/Projects")) },
  { path: "projects/new", lazy: () => part(() => import("./pages/new-project/NewProject")) },
  {
    path: "projects/:project",
    ...asksProject,
    lazy: () => part(() => import("./pages/project/Pipelines")),
  },
  {
    path: "projects/:project/deployments",
    ...asksProject,
    lazy: () => part(() => import("./pages/project/Deployments")),
  },
  {
    path: "projects/:project/pipelines/:number",
    ...ahead(({ project = "", number }) => queryClient.query(asks.pipeline(project, Number(number)))),
    lazy: () => part(() => import("./pages/pipeline/PipelinePage")),
  },
  {
    path: "projects/:project/deployments/:number",
    ...ahead(({ project = "", number }) => queryClient.query(asks.deployment(project, Number(number)))),
    lazy: () => part(() => import("./pages/deployment/DeploymentPage")),
  },
  {
    path: "projects/:project/settings/:part?",
    ...asksProject,
    lazy: () => part(() => import("./pages/settings/Settings")),
  },
  {
    path: "projects/:project/audit",
    ...asksProject,
    lazy: () => part(() => import("./pages/audit/ProjectAudit")),
  },
  { path: "account", lazy: () => part(() => import("./pages/account/Account")) },
  { path: "audit", lazy: () => part(() => import("./pages/audit/Audit")) },
  { path: "runners", lazy: () => part(() => import("./pages/runners/Runners")) },
  { path: "users", lazy: () => part(() => import("./pages/users/Users")) },
  { path: "*", element: <NotThere /> },
];

export const router = createBrowserRouter([
  {
    path: "/sign-in",
    lazy: () => part(() => import("./pages/sign-in/SignIn")),
    hydrateFallbackElement: <></>,
    errorElement: <Broken />,
  },
  {
    path: "/",
    element: <Shell />,
    ...ahead(() => queryClient.query(asks.me())),
    hydrateFallbackElement: <></>,
    errorElement: <Broken />,
    children: [{ errorElement: <Broken />, children: pages }],
  },
]);
