// How one signs in: at a provider, or, where there is one user only, by the link that the server prints.
import { useQuery } from "@tanstack/react-query";
import { Navigate, useSearchParams } from "react-router";

import { answer, client } from "../../api/client";
import { useMe } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Answered } from "../../ui/Panel";
import { usePageState } from "../../ui/page-state";

const NAMES: Record<string, string> = {
  google: "Google",
  gitlab: "GitLab",
  keycloak: "Keycloak",
  github: "GitHub",
};

/** A path of this server to go on at; anything else would lead astray whoever signs in. */
export function safeReturn(path: string | null): string {
  return path !== null && /^\/(?![/\\])/.test(path) ? path : "/";
}

export function Component() {
  usePageState("Sign in");
  const [search] = useSearchParams();
  const back = safeReturn(search.get("return_to"));
  const me = useMe();
  const providers = useQuery({
    queryKey: ["providers"],
    queryFn: ({ signal }) => answer(client.GET("/auth/providers", { signal })),
    staleTime: Infinity,
  });
  if (me.data !== undefined) return <Navigate to={back} replace />;
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="w-full max-w-md space-y-5 rounded-xl border border-line bg-surface p-7 shadow-sm">
        <h1 className="text-2xl font-bold tracking-tight">Sign in to imt</h1>
        <Answered query={providers}>
          {({ items }) =>
            items.length === 0 ? (
              <ByLink />
            ) : (
              <ul className="space-y-2">
                {items.map((provider) => (
                  <li key={provider.name}>
                    <a
                      href={`${provider.login}?return_to=${encodeURIComponent(back)}`}
                      className="block rounded-md border border-line-strong px-4 py-2.5 text-center font-medium no-underline hover:bg-sunken"
                    >
                      with <Untrusted text={NAMES[provider.name] ?? provider.name} />
                    </a>
                  </li>
                ))}
              </ul>
            )
          }
        </Answered>
      </div>
    </main>
  );
}

function ByLink() {
  return (
    <div className="space-y-3 text-muted">
      <p>This server is for one user, who works at its machine.</p>
      <p>
        At its start it prints a link that signs you in, once. It begins with{" "}
        <code className="font-mono text-sm break-all text-text">{location.origin}/auth/link</code>. Open it in
        this browser.
      </p>
      <p>Was it used, or is it older than ten minutes? Start the server again: it prints another.</p>
    </div>
  );
}
