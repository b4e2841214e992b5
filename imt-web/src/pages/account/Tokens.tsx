// What programs get to call the server in the caller's name. A token is shown once.
import { queryOptions, useQuery } from "@tanstack/react-query";
import { useState, type ReactNode } from "react";

import { answer, client, done, type Schemas } from "../../api/client";
import { CopyText } from "../../ui/Copy";
import { useDeed } from "../../ui/deed";
import { CheckField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { NamedPanel } from "../../ui/NamedList";
import { Time } from "../../ui/Time";

const SCOPES = [
  { name: "read", text: "see everything that you see" },
  { name: "trigger", text: "run and end pipelines" },
  { name: "deploy", text: "deploy and roll back" },
  { name: "manage", text: "change settings, secrets, members" },
  { name: "admin", text: "what administrators may" },
] as const;

const askTokens = () =>
  queryOptions({
    queryKey: ["me", "tokens"],
    queryFn: ({ signal }) => answer(client.GET("/api/v1/me/tokens", { signal })),
  });

/** `children`: what stands below. */
export function Tokens({ isAdmin, children }: { isAdmin: boolean; children: ReactNode }) {
  const tokens = useQuery(askTokens());
  const revoke = (token: string) =>
    done(client.DELETE("/api/v1/me/tokens/{token}", { params: { path: { token } } }));
  return (
    <NamedPanel
      title="Tokens for programs"
      query={tokens}
      of={(token) => ({ key: token.id, name: token.name, about: <About token={token} /> })}
      empty={
        // Smaller than a page without anything: the form below is what one comes for.
        <p className="px-4 py-3 text-sm text-muted">
          No token yet. A program that calls the API, and <code className="font-mono">imt</code> on your
          laptop, sign in with one.
        </p>
      }
      consequence="Programs that use it are refused from now on."
      onRemove={revoke}
      list={askTokens().queryKey}
    >
      <MakeToken isAdmin={isAdmin} />
      {children}
    </NamedPanel>
  );
}

function About({ token }: { token: Schemas["TokenView"] }) {
  return (
    <>
      may {token.scopes.join(", ")}; made <Time at={token.created_at} />,{" "}
      {token.used_at ? (
        <>
          used <Time at={token.used_at} />
        </>
      ) : (
        "never used"
      )}
      {token.expires_at && (
        <>
          , ends <Time at={token.expires_at} />
        </>
      )}
    </>
  );
}

function MakeToken({ isAdmin }: { isAdmin: boolean }) {
  const [name, setName] = useState("");
  const [scopes, setScopes] = useState<readonly string[]>(["read"]);
  const [days, setDays] = useState("90");
  const [made, setMade] = useState<string | null>(null);
  const deed = useDeed(askTokens().queryKey);
  const make = async () => {
    const body = {
      name: name.trim(),
      scopes: [...scopes],
      ...(days === "" ? {} : { expires_in_days: Number(days) }),
    };
    await deed.run(async () => {
      const token = await answer(client.POST("/api/v1/me/tokens", { body }));
      setMade(token.token ?? null);
      setName("");
    });
  };
  const set = (scope: string, isOn: boolean) =>
    setScopes(isOn ? [...scopes, scope] : scopes.filter((each) => each !== scope));
  return (
    <FormPanel
      title="Make a token"
      deed={deed}
      onSubmit={make}
      submit="Make the token"
      isReady={scopes.length > 0}
      outcome={
        made !== null && (
          <div role="status" className="space-y-2 rounded-md bg-success-soft p-3 text-success-text">
            <p className="font-medium">Here it is. It is shown this once: copy it now.</p>
            <CopyText text={made} />
          </div>
        )
      }
    >
      <div className="grid gap-4 sm:grid-cols-[minmax(0,1fr)_10rem]">
        <TextField
          label="Name"
          help="What it is for."
          value={name}
          onChange={(event) => setName(event.target.value)}
          required
        />
        <TextField
          label="Days"
          help="Empty: until revoked."
          inputMode="numeric"
          pattern="[1-9][0-9]{0,3}"
          value={days}
          onChange={(event) => setDays(event.target.value)}
        />
      </div>
      <fieldset className="space-y-2">
        <legend className="mb-1 text-sm font-medium">What it may</legend>
        {SCOPES.filter((scope) => scope.name !== "admin" || isAdmin).map((scope) => (
          <CheckField
            key={scope.name}
            label={scope.name}
            help={scope.text}
            checked={scopes.includes(scope.name)}
            onChange={(event) => set(scope.name, event.target.checked)}
          />
        ))}
      </fieldset>
    </FormPanel>
  );
}
