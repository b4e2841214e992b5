// The log of a deployment, in the viewer that jobs have.
import { useContext, useMemo } from "react";

import { deploymentLog as told } from "../../live/log";
import { LiveContext } from "../../live/useLive";
import { LogViewer } from "../../logs/LogViewer";
import { deploymentLog } from "../../logs/source";

interface LogProps {
  project: string;
  number: number;
  isOn: boolean;
}

const ADDRESS = {};

export function DeploymentLog({ project, number, isOn }: LogProps) {
  const connection = useContext(LiveContext);
  const source = useMemo(() => deploymentLog(project, number), [project, number]);
  const live = useMemo(
    () => (connection === null || !isOn ? null : told(connection, project, number)),
    [connection, isOn, project, number],
  );
  return (
    <section
      aria-label="Log of the deployment"
      className="h-[clamp(20rem,60vh,44rem)] min-w-0 overflow-hidden rounded-lg border border-line bg-surface lg:sticky lg:top-4"
    >
      <LogViewer source={source} live={live} isOver={!isOn} isBad={false} address={ADDRESS} wraps />
    </section>
  );
}
