// The way into the archive, and out of it.
import { useState } from "react";

import { client, done } from "../../api/client";
import type { Project } from "../../api/queries";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { Confirm } from "../../ui/Dialog";
import { ErrorBox, Panel } from "../../ui/Panel";

export function Archive({ project }: { project: Project }) {
  const [isAsking, setAsking] = useState(false);
  const deed = useDeed(["project", project.name], ["projects"]);
  const params = { path: { project: project.name } };
  const archive = async () => {
    await deed.run(
      () => done(client.POST("/api/v1/projects/{project}/archive", { params })),
      "It is in the archive",
    );
  };
  const restore = () =>
    deed.run(() => done(client.POST("/api/v1/projects/{project}/restore", { params })), "It is in use again");
  return (
    <Panel title="Archive">
      <div className="space-y-3">
        <p className="text-sm text-muted">
          {project.archived_at
            ? "Nothing is run in it. What was run is still there."
            : "Nothing is run in a project that is in the archive. What was run stays, and it can be taken out again."}
        </p>
        {project.archived_at ? (
          <Button isBusy={deed.isBusy} onClick={() => void restore()}>
            Take it out of the archive
          </Button>
        ) : (
          <Button look="danger" onClick={() => setAsking(true)}>
            Put it into the archive
          </Button>
        )}
        {deed.error !== null && <ErrorBox error={deed.error} />}
      </div>
      <Confirm
        title="Put the project into the archive"
        deed="Put it there"
        isOpen={isAsking}
        onClose={() => setAsking(false)}
        onConfirm={archive}
      >
        <p>Pushes are not run any more, nor is anything deployed, until it is taken out again.</p>
      </Confirm>
    </Panel>
  );
}
