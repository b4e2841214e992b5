// What the host of the repository has to be told, so that pushes get here. The secret is shown this once.
import type { Project } from "../../api/queries";
import { CopyText } from "../../ui/Copy";

export function PushStep({ project }: { project: Project }) {
  return (
    <div className="space-y-3">
      <p className="text-sm text-muted">
        Enter both at the host of the repository as a webhook for pushes, with the content type{" "}
        <code className="font-mono">application/json</code>. Without it the repository is asked from time to
        time.
      </p>
      <dl className="space-y-3">
        <div className="space-y-1">
          <dt className="text-sm font-medium">Address</dt>
          <dd>
            <CopyText text={project.webhook_url} />
          </dd>
        </div>
        {project.webhook_secret && (
          <div className="space-y-1">
            <dt className="text-sm font-medium">Secret</dt>
            <dd>
              <CopyText text={project.webhook_secret} />
              <p className="mt-1 text-sm text-errored-text">It is shown this once: copy it now.</p>
            </dd>
          </div>
        )}
      </dl>
    </div>
  );
}
