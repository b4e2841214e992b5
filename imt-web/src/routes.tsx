// Which page is at which address. Each page is a bundle of its own.
import { createBrowserRouter, type RouteObject } from "react-router";

import { Broken, NotThere } from "./shell/Broken";
import { part } from "./shell/part";
import { Shell } from "./shell/Shell";

const pages: RouteObject[] = [
  { index: true, lazy: () => part(() => import("./pages/projects/Projects")) },
  { path: "projects/new", lazy: () => part(() => import("./pages/new-project/NewProject")) },
  { path: "projects/:project", lazy: () => part(() => import("./pages/project/Pipelines")) },
  { path: "projects/:project/deployments", lazy: () => part(() => import("./pages/project/Deployments")) },
  {
    path: "projects/:project/pipelines/:number",
    lazy: () => part(() => import("./pages/pipeline/PipelinePage")),
  },
  {
    path: "projects/:project/deployments/:number",
    lazy: () => part(() => import("./pages/deployment/DeploymentPage")),
  },
  { path: "projects/:project/settings/:part?", lazy: () => part(() => import("./pages/settings/Settings")) },
  { path: "projects/:project/audit", lazy: () => part(() => import("./pages/audit/ProjectAudit")) },
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
    hydrateFallbackElement: <></>,
    errorElement: <Broken />,
    children: [{ errorElement: <Broken />, children: pages }],
  },
]);
