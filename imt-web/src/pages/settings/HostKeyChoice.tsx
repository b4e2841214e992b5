// The keys that a host offers, one of which is chosen by whoever has compared it with what the host itself says.
import { useState } from "react";

import { answer, client, type Schemas } from "../../api/client";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { ErrorBox } from "../../ui/Panel";

interface ChoiceProps {
  project: string;
  host: string;
  port: string;
  chosen: string;
  onChoose: (fingerprint: string) => void;
}

export function HostKeyChoice({ project, host, port, chosen, onChoose }: ChoiceProps) {
  const [offered, setOffered] = useState<Schemas["HostKey"][] | null>(null);
  const deed = useDeed();
  const look = () =>
    deed.run(async () => {
      const address = host.includes(":") && !host.startsWith("[") ? `[${host}]:${port}` : `${host}:${port}`;
      const params = { path: { project } };
      const found = await answer(
        client.POST("/api/v1/projects/{project}/host-keys", { params, body: { host: address } }),
      );
      setOffered(found.items);
    });
  return (
    <fieldset className="space-y-3 rounded-md border border-line p-3">
      <legend className="px-1 text-sm font-medium">Key of the host</legend>
      {chosen !== "" && offered === null && (
        <p className="text-sm">
          Confirmed: <Untrusted text={chosen} className="font-mono" />
        </p>
      )}
      {offered !== null && (
        <>
          <p className="text-sm text-muted">
            Compare with what the host itself says:{" "}
            <code className="font-mono text-text">ssh-keygen -lf /etc/ssh/ssh_host_ed25519_key.pub</code>.
            Choose the one that is the same. If none matches, stop: the connection may be intercepted.
          </p>
          <ul className="space-y-2">
            {offered.map((key) => (
              <li key={key.fingerprint}>
                <label className="flex items-start gap-2 text-sm">
                  <input
                    type="radio"
                    name="host-key"
                    checked={chosen === key.fingerprint}
                    onChange={() => onChoose(key.fingerprint)}
                    className="mt-1 accent-accent"
                  />
                  <span className="min-w-0">
                    <Untrusted text={key.algorithm} className="mr-2 text-muted" />
                    <Untrusted text={key.fingerprint} className="font-mono break-all" />
                  </span>
                </label>
              </li>
            ))}
          </ul>
        </>
      )}
      <Button isBusy={deed.isBusy} disabled={host === ""} onClick={() => void look()}>
        {offered === null ? "Show the keys that it offers" : "Look again"}
      </Button>
      {deed.error !== null && <ErrorBox error={deed.error} />}
    </fieldset>
  );
}
