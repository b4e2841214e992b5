// A new project in three steps: where its repository is, how pushes get here, and whether it works.
import { useState } from "react";

import type { Project } from "../../api/queries";
import { Page } from "../../shell/Page";
import { usePageState } from "../../ui/page-state";
import { CheckStep } from "./CheckStep";
import { PushStep } from "./PushStep";
import { RepositoryStep } from "./RepositoryStep";
import { Step } from "./Step";

export function Component() {
  usePageState("New project");
  const [made, setMade] = useState<Project | null>(null);
  return (
    <Page crumbs={[{ to: "/", text: "Projects" }]} title="New project">
      <ol className="max-w-3xl space-y-4">
        <Step number={1} title="The repository" isDone={made !== null}>
          <RepositoryStep made={made} onMade={setMade} />
        </Step>
        <Step number={2} title="How pushes get here" isDone={false}>
          {made && <PushStep project={made} />}
        </Step>
        <Step number={3} title="Try it" isDone={false}>
          {made && <CheckStep project={made} />}
        </Step>
      </ol>
    </Page>
  );
}
