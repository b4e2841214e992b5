// Text that somebody else wrote: a branch, a name, the text of an error. Always a text node, apart from what stands
// around it, with what would not be seen made visible. It does not cut: that is a matter of layout.
import { memo } from "react";

import { partsOf } from "./marks";

export const Untrusted = memo(function Untrusted({ text, className }: { text: string; className?: string }) {
  return (
    <bdi className={className}>
      {partsOf(text).map((part, place) =>
        part.kind === "text" ? (
          part.text
        ) : (
          // The stretches of a text have nothing but their place to be known by.
          <span
            key={place}
            className="rounded-sm bg-pending-soft px-0.5 font-mono text-[0.8em] text-pending-text"
          >
            {part.name}
          </span>
        ),
      )}
    </bdi>
  );
});
