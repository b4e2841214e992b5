// What stands around every page of whoever is signed in. Whoever is not is sent to sign in, and comes back.
import { useCallback, useState } from "react";
import { Navigate, Outlet, ScrollRestoration, useLocation } from "react-router";

import { ApiError } from "../api/client";
import { useMe } from "../api/queries";
import { ErrorBox, Skeleton } from "../ui/Panel";
import { Toasts } from "../ui/Toasts";
import { Help } from "./Help";
import { useKeys } from "./keyboard";
import { TopBar } from "./TopBar";

export function Shell() {
  const me = useMe();
  const here = useLocation();
  const [isHelpOpen, setHelpOpen] = useState(false);
  const openHelp = useCallback(() => setHelpOpen(true), []);
  useKeys(openHelp);

  if (me.error instanceof ApiError && me.error.status === 401) {
    const back = here.pathname + here.search + here.hash;
    return <Navigate to={`/sign-in?return_to=${encodeURIComponent(back)}`} replace />;
  }
  if (me.data === undefined) {
    return (
      <main className="mx-auto max-w-2xl p-6">
        {me.error === null ? <Skeleton /> : <ErrorBox error={me.error} onRetry={() => void me.refetch()} />}
      </main>
    );
  }
  return (
    <div className="flex min-h-dvh flex-col">
      <a
        href="#main"
        className="sr-only z-50 rounded-md bg-surface p-2 focus:not-sr-only focus:absolute focus:top-2 focus:left-2"
      >
        To the content
      </a>
      <TopBar me={me.data} onHelp={openHelp} />
      <main id="main" tabIndex={-1} className="flex min-w-0 flex-1 flex-col outline-none">
        <Outlet />
      </main>
      <Toasts />
      <Help isOpen={isHelpOpen} onClose={() => setHelpOpen(false)} />
      <ScrollRestoration />
    </div>
  );
}
