// A message that somebody else may have had a hand in, in which names and commands stand between backticks: these are shown as
// such. It knows no other mark, and makes no element of what stands in a text but these.
import { memo } from "react";

import { Untrusted } from "./Untrusted";

export const Coded = memo(function Coded({ text, className }: { text: string; className?: string }) {
  // What stands between two backticks is at every second place; without a pair a backtick is one.
  const parts = text.split(/`([^`\n]+)`/);
  if (parts.length === 1)
    return <Untrusted text={text} {...(className === undefined ? {} : { className })} />;
  return (
    <bdi className={className}>
      {parts.map((part, place) =>
        place % 2 === 0 ? (
          part !== "" && <Untrusted key={place} text={part} />
        ) : (
          // No higher than the line that it stands in.
          <code
            key={place}
            className="rounded-sm border border-line-strong px-1 font-mono text-[0.92em] leading-none"
          >
            <Untrusted text={part} />
          </code>
        ),
      )}
    </bdi>
  );
});

/**
 * The same where there may be several lines: these are what a tool has printed, or where in a file something is wrong, and stay as
 * they are.
 */
export function CodedLines({ text, className }: { text: string; className?: string }) {
  const lines = text.split("\n");
  const Line = lines.length > 1 ? Untrusted : Coded;
  return (
    <div className={className}>
      {lines.map((line, place) => (
        <div key={place} className="min-h-[1lh]">
          <Line text={line} />
        </div>
      ))}
    </div>
  );
}
