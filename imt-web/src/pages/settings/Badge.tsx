// Whether everybody may see how the last pipeline ended, and the address to show it by.
import { answer, client } from "../../api/client";
import type { Project } from "../../api/queries";
import { CopyText } from "../../ui/Copy";
import { useDeed } from "../../ui/deed";
import { CheckField } from "../../ui/Field";
import { ErrorBox, Panel } from "../../ui/Panel";

export function Badge({ project }: { project: Project }) {
  const deed = useDeed(["project", project.name]);
  const set = (has_public_badge: boolean) =>
    deed.run(() =>
      answer(
        client.PATCH("/api/v1/projects/{project}", {
          params: { path: { project: project.name } },
          body: { has_public_badge },
        }),
      ),
    );
  return (
    <Panel title="Badge">
      <div className="space-y-3">
        <CheckField
          label="Everybody may see how the last pipeline of a branch ended"
          help="And learns thereby that the project is there."
          checked={project.has_public_badge}
          disabled={deed.isBusy}
          onChange={(event) => void set(event.target.checked)}
        />
        {project.badge_url && (
          <>
            <img
              src={new URL(project.badge_url, location.origin).pathname}
              alt="The badge as it is now"
              className="h-5"
            />
            <CopyText text={`![pipeline](${project.badge_url})`} />
          </>
        )}
        {deed.error !== null && <ErrorBox error={deed.error} />}
      </div>
    </Panel>
  );
}
