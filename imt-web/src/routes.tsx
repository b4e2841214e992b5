// Which page is at which address. Each page is a bundle of its own.
import { createBrowserRouter, type RouteObject } from "react-router";

import { Broken, NotThere } from "./shell/Broken";
import { Shell } from "./shell/Shell";

const pages: RouteObject[] = [
  { index: true, lazy: () => import("./pages/projects/Projects") },
  { path: "projects/:project", lazy: () => import("./pages/project/Pipelines") },
  { path: "projects/:project/deployments", lazy: () => import("./pages/project/Deployments") },
  { path: "projects/:project/pipelines/:number", lazy: () => import("./pages/pipeline/PipelinePage") },
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
