// The states that projects are in, each of which can be chosen, so that only the projects in it are listed. What is chosen
// stands in the address. It does not know how a project gets into a state.
import type { State } from "./standing";

interface StatesProps {
  states: readonly State[];
  chosen: string | null;
  /** Not all projects are known: how many are in a state would be a lie. */
  isPart: boolean;
  onChoose: (key: string | null) => void;
}

/** In one line, whatever comes and goes in it. */
export function States({ states, chosen, isPart, onChoose }: StatesProps) {
  const [pipelines, deployments] = [false, true].map((isOf) =>
    states.filter(({ isOfDeployments }) => isOfDeployments === isOf),
  );
  const buttons = (of: readonly State[] = []) =>
    of.map(({ key, name, count }) => (
      <button
        key={key}
        type="button"
        aria-pressed={key === chosen}
        onClick={() => onChoose(key === chosen ? null : key)}
        className={`min-h-8 rounded-md border px-2 whitespace-nowrap tabular-nums -outline-offset-2 ${key === chosen ? "border-accent bg-accent-soft text-text" : "border-line bg-surface hover:border-line-strong"}`}
      >
        {isPart ? name : `${count} ${name}`}
      </button>
    ));
  return (
    <div
      role="group"
      aria-label="Show only projects in a state"
      className="flex min-h-8 max-w-full min-w-0 items-center gap-1.5 overflow-x-auto text-sm text-muted"
    >
      {buttons(pipelines)}
      {deployments !== undefined && deployments.length > 0 && (
        <span className="ml-1 whitespace-nowrap">deployments:</span>
      )}
      {buttons(deployments)}
    </div>
  );
}
