// Asks before another release is put in the place of what runs, and shows what that changes.
import { useState } from "react";
import { useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import type { Release } from "../../api/queries";
import { plain } from "../../text/marks";
import { Untrusted } from "../../text/Untrusted";
import { Confirm } from "../../ui/Dialog";
import { notifyError } from "../../ui/toasts";
import { isBack } from "./going-back";
import { NOW_AND_THEN, ReleaseDiff } from "./ReleaseDiff";

interface RollbackProps {
  project: string;
  environment: string;
  release: Release;
  current: Release | null;
  onClose: () => void;
}

export function RollbackDialog({ project, environment, release, current, onClose }: RollbackProps) {
  const navigate = useNavigate();
  const [key] = useState(() => crypto.randomUUID());
  const rollBack = async () => {
    try {
      const body = { environment, idempotency_key: key, release: release.id };
      const started = await answer(
        client.POST("/api/v1/projects/{project}/deployments/rollback", {
          params: { path: { project } },
          body,
        }),
      );
      await navigate(`/projects/${project}/deployments/${started.number}`);
    } catch (error) {
      notifyError("Nothing was changed", error);
    }
  };
  const commit = plain(release.commit.slice(0, 8));
  const place = plain(environment);
  const goesBack = isBack(release, current);
  return (
    <Confirm
      title={goesBack ? `Roll ${place} back to ${commit}` : `Put ${commit} on ${place} again`}
      deed={goesBack ? "Roll back" : "Put it there again"}
      isWide
      isOpen
      onClose={onClose}
      onConfirm={rollBack}
    >
      <p>
        <Untrusted text={environment} className="font-medium text-text" /> gets the release of{" "}
        <Untrusted text={release.commit.slice(0, 8)} className="font-mono text-text" />: its images, its
        files, its variables. Data is not rolled back.
      </p>
      {current !== null && <ReleaseDiff project={project} from={current} to={release} sides={NOW_AND_THEN} />}
    </Confirm>
  );
}
