// Which page is at which address. Each page is a bundle of its own.
import { createBrowserRouter, type RouteObject } from "react-router";

import { Broken, NotThere } from "./shell/Broken";
import { Shell } from "./shell/Shell";

const pages: RouteObject[] = [
  { index: true, lazy: () => import("./pages/projects/Projects") },
  { path: "projects/new", lazy: () => import("./pages/new-project/NewProject") },
  { path: "projects/:project", lazy: () => import("./pages/project/Pipelines") },
  { path: "projects/:project/deployments", lazy: () => import("./pages/project/Deployments") },
  { path: "projects/:project/pipelines/:number", lazy: () => import("./pages/pipeline/PipelinePage") },
  { path: "projects/:project/deployments/:number", lazy: () => import("./pages/deployment/DeploymentPage") },
  { path: "projects/:project/settings/:part?", lazy: () => import("./pages/settings/Settings") },
  { path: "projects/:project/audit", lazy: () => import("./pages/audit/ProjectAudit") },
  { path: "account", lazy: () => import("./pages/account/Account") },
  { path: "audit", lazy: () => import("./pages/audit/Audit") },
  { path: "runners", lazy: () => import("./pages/runners/Runners") },
  { path: "users", lazy: () => import("./pages/users/Users") },
  { path: "*", element: <NotThere /> },
];

export const router = createBrowserRouter([
  {
    path: "/sign-in",
    lazy: () => import("./pages/sign-in/SignIn"),
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
