// Whether the repository answers, and whether its pipeline file can be run: tried, and shown as the server tells it.
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "react-router";

import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { ButtonLink, Button, Spinner } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { PlayIcon } from "../../ui/icons";
import { ErrorBox } from "../../ui/Panel";
import { StatusIcon } from "../../ui/StatusIcon";
import { askLook } from "../settings/asks";

export function CheckStep({ project }: { project: Project }) {
  const navigate = useNavigate();
  const deed = useDeed(["project", project.name]);
  const look = useQuery({ ...askLook(project.name), refetchInterval: 1_500 });
  const run = () =>
    deed.run(async () => {
      const params = { path: { project: project.name } };
      const started = await answer(client.POST("/api/v1/projects/{project}/pipelines", { params, body: {} }));
      await navigate(`/projects/${project.name}/pipelines/${started.number}`);
    });
  return (
    <div className="space-y-4">
      <div role="status">
        {look.data?.failure ? (
          <ErrorBox title="The repository does not answer" error={new Error(look.data.failure)} />
        ) : look.data?.seen_at ? (
          <p className="flex items-center gap-2">
            <StatusIcon status="success" /> The repository answers.
          </p>
        ) : (
          <p className="flex items-center gap-2 text-muted">
            <Spinner /> The repository is asked …
          </p>
        )}
      </div>
      {deed.error !== null && <ErrorBox title="It cannot be run as it is" error={deed.error} />}
      <div className="flex flex-wrap gap-2">
        <Button look="primary" isBusy={deed.isBusy} onClick={() => void run()}>
          <PlayIcon /> Run the first pipeline
        </Button>
        <ButtonLink to={`/projects/${project.name}/settings/targets`}>Say where it is deployed</ButtonLink>
        <ButtonLink look="quiet" to={`/projects/${project.name}`}>
          To the project
        </ButtonLink>
      </div>
    </div>
  );
}
