// Which part of the pages is at which address; the first that fits. Knows no more than their names, so that the part that is needed
// first is on its way before anything else of these pages has run.

/** By the path of its route. */
export const parts = {
  "": () => import("./pages/projects/Projects"),
  "sign-in": () => import("./pages/sign-in/SignIn"),
  "projects/new": () => import("./pages/new-project/NewProject"),
  "projects/:project": () => import("./pages/project/Pipelines"),
  "projects/:project/deployments": () => import("./pages/project/Deployments"),
  "projects/:project/pipelines/:number": () => import("./pages/pipeline/PipelinePage"),
  "projects/:project/deployments/:number": () => import("./pages/deployment/DeploymentPage"),
  "projects/:project/settings/:part?": () => import("./pages/settings/Settings"),
  "projects/:project/audit": () => import("./pages/audit/ProjectAudit"),
  account: () => import("./pages/account/Account"),
  audit: () => import("./pages/audit/Audit"),
  runners: () => import("./pages/runners/Runners"),
  users: () => import("./pages/users/Users"),
};

export type Path = keyof typeof parts;

/** The route that an address is of. */
export function pathOf(address: string): Path | undefined {
  return (Object.keys(parts) as Path[]).find((path) => {
    const pattern = path.replace(/\/:\w+\?/g, "(?:/[^/]+)?").replace(/:\w+/g, "[^/]+");
    return new RegExp(`^/${pattern}/?$`, "i").test(address);
  });
}
