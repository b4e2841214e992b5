// Shown where a page itself is broken, or is not there.
import { isRouteErrorResponse, Link, useRouteError } from "react-router";

import { ErrorBox } from "../ui/Panel";
import { Page } from "./Page";

export function Broken() {
  const error = useRouteError();
  // A page that was rebuilt since this one was opened has other names for its parts.
  const isOld =
    error instanceof TypeError && /dynamically imported module|module script/i.test(error.message);
  if (isRouteErrorResponse(error) && error.status === 404) return <NotThere />;
  return (
    <Page title={isOld ? "This page is out of date" : "This page is broken"}>
      <ErrorBox
        error={
          isOld ? new Error("The server has newer pages, or does not answer. Load this one again.") : error
        }
        onRetry={() => location.reload()}
      />
    </Page>
  );
}

export function NotThere() {
  return (
    <Page title="There is nothing here">
      <p className="text-muted">
        No page has this address.{" "}
        <Link to="/" className="text-accent underline">
          To the projects
        </Link>
      </p>
    </Page>
  );
}
