// Shown in the place of a page that could not be fetched. The router keeps the failure, so that the page is loaded anew once it
// can be had: by itself the first time, and by whoever looks from then on.
import { useEffect, useState } from "react";

import { Button } from "../ui/Button";
import { ErrorBox } from "../ui/Panel";
import { Page } from "./Page";
import { mayReload, type PartMissing } from "./part";

export function Missing({ error }: { error: PartMissing }) {
  const [isBusy, setBusy] = useState(false);
  useEffect(() => {
    let isOver = false;
    const look = async () => {
      const helps = error.isOutdated || (await error.again());
      if (helps && !isOver && mayReload()) location.reload();
    };
    const heard = () => void look();
    heard();
    window.addEventListener("online", heard);
    return () => {
      isOver = true;
      window.removeEventListener("online", heard);
    };
  }, [error]);
  const tryAgain = async () => {
    setBusy(true);
    // What the browser itself shows without a server says less than this page.
    if (await error.again()) location.reload();
    setBusy(false);
  };
  return (
    <Page title={error.isOutdated ? "This page is out of date" : "This page could not be fetched"}>
      <ErrorBox error={error} />
      <div>
        <Button look="primary" isBusy={isBusy} onClick={() => void tryAgain()}>
          Try again
        </Button>
      </div>
    </Page>
  );
}
