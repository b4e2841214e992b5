// The caller himself: who he is, where he is signed in, what programs may do in his name.
import { useMe } from "../../api/queries";
import { Page } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { CopyText } from "../../ui/Copy";
import { usePageState } from "../../ui/page-state";
import { Answered, Panel } from "../../ui/Panel";
import { Sessions } from "./Sessions";
import { Tokens } from "./Tokens";

export function Component() {
  usePageState("Account");
  const me = useMe();
  return (
    <Page title="Account">
      <Answered isOnPage query={me}>
        {(found) => (
          <>
            <Panel>
              <dl className="grid gap-x-6 gap-y-3 text-sm sm:grid-cols-[auto_minmax(0,1fr)] sm:items-center">
                <dt className="text-muted">Name</dt>
                <dd>
                  <Untrusted text={found.name} className="font-medium" />
                  {found.email && (
                    <>
                      {" "}
                      <Untrusted text={found.email} className="text-muted" />
                    </>
                  )}
                  {found.is_admin && !found.is_single_user && (
                    <span className="text-muted"> · administrator</span>
                  )}
                  {found.is_single_user && <span className="text-muted"> · the one user of this server</span>}
                </dd>
                <dt className="text-muted">Id</dt>
                <dd>
                  <CopyText text={found.id} />
                </dd>
              </dl>
            </Panel>
            <Tokens isAdmin={found.is_admin}>
              <Sessions />
            </Tokens>
          </>
        )}
      </Answered>
    </Page>
  );
}
