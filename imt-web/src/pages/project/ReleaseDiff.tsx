// Two releases beside each other: which services change, and from what to what.
import type { Release } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Commit } from "../../ui/Commit";
import { count } from "../../ui/duration";
import { differencesOf } from "./release-diff";

export function ReleaseDiff({ from, to }: { from: Release; to: Release }) {
  const differences = differencesOf(from.images, to.images);
  const same =
    Object.keys(to.images).length - differences.filter((difference) => difference.to !== null).length;
  return (
    <div className="space-y-3 text-sm">
      <p className="flex flex-wrap items-center gap-2 text-text">
        <Commit commit={from.commit} /> <span aria-label="to">→</span> <Commit commit={to.commit} />
      </p>
      {differences.length === 0 && <p>All services run the same images. Files and variables may differ.</p>}
      <dl className="space-y-2">
        {differences.map((difference) => (
          <div key={difference.service}>
            <dt className="font-medium text-text">
              <Untrusted text={difference.service} />
            </dt>
            <dd className="font-mono text-xs">
              {difference.from !== null && (
                <p className="bg-failed-soft px-2 py-0.5 break-all text-failed-text">
                  − <Untrusted text={difference.from} />
                </p>
              )}
              {difference.to !== null && (
                <p className="bg-success-soft px-2 py-0.5 break-all text-success-text">
                  + <Untrusted text={difference.to} />
                </p>
              )}
            </dd>
          </div>
        ))}
      </dl>
      {same > 0 && <p>{count(same, "service")} as before.</p>}
    </div>
  );
}
