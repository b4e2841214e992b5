// Where the repository of a new project is, what it is called, and how it is read. It is looked into before a project is made of
// it; what keeps it from being run does not keep it from becoming one, where that makes sense.
import type { SubmitEvent } from "react";

import type { Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { AreaField, SelectField, TextField } from "../../ui/Field";
import { ErrorBox } from "../../ui/Panel";
import { canBeRun, CheckedView } from "./CheckedView";
import { wrongName } from "./names";
import { adviceOf } from "./problems";
import { useRepository, type Access } from "./useRepository";

interface StepProps {
  made: Project | null;
  onMade: (project: Project) => void;
}

type Repository = ReturnType<typeof useRepository>;

export function RepositoryStep({ made, onMade }: StepProps) {
  const repository = useRepository(onMade);
  const { typed, type, name, found, problem } = repository;

  if (made !== null) {
    return (
      <p className="text-sm text-muted">
        <Untrusted text={made.name} className="font-medium break-all text-text" /> ·{" "}
        <Untrusted text={made.repo_url ?? ""} className="break-all" />
      </p>
    );
  }

  const isReady = !repository.isChecked || (found !== null && canBeRun(found));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    void (isReady ? repository.make() : repository.check());
  };

  return (
    <form onSubmit={submit} className="space-y-4">
      <TextField
        label="Address"
        placeholder="https://github.com/acme/shop.git"
        help="As git clone takes it."
        value={typed.url}
        onChange={(event) => type({ url: event.target.value })}
        required
        isCode
      />
      <div className="grid gap-4 sm:grid-cols-3">
        <TextField
          label="Name"
          value={name}
          wrong={wrongName(name)}
          onChange={(event) => type({ name: event.target.value })}
          required
        />
        <TextField
          label="Default branch"
          placeholder={found?.default_branch ?? "as the repository says"}
          value={typed.branch}
          onChange={(event) => type({ branch: event.target.value })}
          isCode
        />
        <TextField
          label="Pipeline file"
          value={typed.file}
          onChange={(event) => type({ file: event.target.value })}
          required
          isCode
        />
      </div>
      <AccessFields repository={repository} />
      <div role="status" className="space-y-4">
        {found !== null && (
          <CheckedView checked={found} branch={typed.branch.trim() || (found.default_branch ?? "main")} />
        )}
        {problem !== null && <Trouble error={problem} />}
      </div>
      {repository.refusal !== null && <ErrorBox title="It was not made" error={repository.refusal} />}
      <Buttons repository={repository} isReady={isReady} />
    </form>
  );
}

function AccessFields({ repository: { typed, type } }: { repository: Repository }) {
  const field = {
    value: typed.secret,
    onChange: (event: { target: { value: string } }) => type({ secret: event.target.value }),
    required: true,
  };
  return (
    <>
      <SelectField
        label="Who may read it"
        value={typed.access}
        // What was a token is no key.
        onChange={(event) => type({ access: event.target.value as Access, secret: "" })}
      >
        <option value="open">everybody</option>
        <option value="token">whoever has a token (over HTTPS)</option>
        <option value="key">whoever has a key (over SSH)</option>
      </SelectField>
      {typed.access === "token" && (
        <TextField
          label="Token"
          type="password"
          help="With the right to write statuses, the host is told how pipelines stand. It is shown nowhere again."
          {...field}
        />
      )}
      {typed.access === "key" && (
        <AreaField
          label="Private key"
          help="Without a passphrase; its public half is a deploy key of the repository. It is shown nowhere again."
          {...field}
        />
      )}
    </>
  );
}

function Trouble({ error }: { error: unknown }) {
  const advice = adviceOf(error);
  return (
    <div className="space-y-2">
      <ErrorBox title={advice.title} error={error} />
      <p className="text-sm">{advice.text}</p>
    </div>
  );
}

function Buttons({ repository, isReady }: { repository: Repository; isReady: boolean }) {
  const { name, found, problem, isChecked, isChecking, isMaking } = repository;
  const isNameless = name === "" || wrongName(name) !== null;
  const wasChecked = found !== null || problem !== null;
  const mayGoOn = found !== null || (problem !== null && adviceOf(problem).mayGoOn);
  return (
    <div className="flex flex-wrap items-center gap-2">
      {isReady ? (
        <Button type="submit" look="primary" isBusy={isMaking} disabled={isNameless}>
          Make the project
        </Button>
      ) : (
        <Button type="submit" look="primary" isBusy={isChecking}>
          {wasChecked ? "Check again" : "Check the repository"}
        </Button>
      )}
      {!isReady && mayGoOn && (
        <Button isBusy={isMaking} disabled={isNameless || isChecking} onClick={() => void repository.make()}>
          Make the project anyway
        </Button>
      )}
      {isReady && isChecked && (
        <Button look="quiet" isBusy={isChecking} onClick={() => void repository.check()}>
          Check again
        </Button>
      )}
      {!isChecked && (
        <p className="text-sm text-muted">
          It is read with its key, and so checked once the project is made.
        </p>
      )}
    </div>
  );
}
