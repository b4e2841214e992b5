// Shown where a page itself is broken, or is not there.
import { isRouteErrorResponse, Link, useRouteError } from "react-router";

import { ErrorBox } from "../ui/Panel";
import { Missing } from "./Missing";
import { Page } from "./Page";
import { PartMissing } from "./part";

export function Broken() {
  const error = useRouteError();
  if (isRouteErrorResponse(error) && error.status === 404) return <NotThere />;
  if (error instanceof PartMissing) return <Missing error={error} />;
  return (
    <Page title="This page is broken">
      <ErrorBox error={error} onRetry={() => location.reload()} />
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
