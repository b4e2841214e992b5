// Asks before an earlier release is put back, and shows what that changes.
import { useState } from "react";
import { useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import type { Release } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Confirm } from "../../ui/Dialog";
import { notifyError } from "../../ui/toasts";
import { ReleaseDiff } from "./ReleaseDiff";

interface RollbackProps {
  project: string;
  environment: string;
  /** The release to go back to; null: the good one before what runs. */
  release: Release | null;
  current: Release | null;
  onClose: () => void;
}

export function RollbackDialog({ project, environment, release, current, onClose }: RollbackProps) {
  const navigate = useNavigate();
  const [key] = useState(() => crypto.randomUUID());
  const rollBack = async () => {
    try {
      const body = {
        environment,
        idempotency_key: key,
        ...(release === null ? {} : { release: release.id }),
      };
      const started = await answer(
        client.POST("/api/v1/projects/{project}/deployments/rollback", {
          params: { path: { project } },
          body,
        }),
      );
      await navigate(`/projects/${project}/deployments/${started.number}`);
    } catch (error) {
      notifyError("Nothing was rolled back", error);
    }
  };
  return (
    <Confirm title="Roll back" deed="Roll back" isOpen onClose={onClose} onConfirm={rollBack}>
      <p>
        <Untrusted text={environment} className="font-medium text-text" /> gets{" "}
        {release === null ? "the good release before the one that runs" : "an earlier release"} back: its
        images, its files, its variables. Data is not rolled back.
      </p>
      {release !== null && current !== null && <ReleaseDiff project={project} from={current} to={release} />}
    </Confirm>
  );
}
