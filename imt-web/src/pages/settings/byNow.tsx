// What is said below a field that somebody edits while somebody else has changed it.
import type { ReactNode } from "react";

import { Untrusted } from "../../text/Untrusted";

/** `other`: what the server has by now; nothing is said where that is what the editing began with. */
export function byNow(other: string | undefined): ReactNode {
  if (other === undefined) return undefined;
  return (
    <span className="text-errored-text">
      {other === "" ? (
        "Somebody has emptied it meanwhile. "
      ) : (
        <>
          Somebody has set it to <Untrusted text={other} className="font-mono break-all" /> meanwhile.{" "}
        </>
      )}
      Saving puts yours in its place.
    </span>
  );
}
