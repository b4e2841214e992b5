// The heading of a form that changes something that has a name.
import { Untrusted } from "../../text/Untrusted";

export function Changing({ name, what = "" }: { name: string; what?: string }) {
  return (
    <>
      Change {what}
      <Untrusted text={name} className="break-all" />
    </>
  );
}
