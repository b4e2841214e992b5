// Everybody who has ever signed in, and who of them may what, for administrators.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "react-router";

import { answer, client, type Schemas } from "../../api/client";
import { useMe } from "../../api/queries";
import { Page } from "../../shell/Page";
import { Untrusted } from "../../text/Untrusted";
import { IconButton } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { Confirm } from "../../ui/Dialog";
import { ChevronDownIcon } from "../../ui/icons";
import { Menu, MenuItem } from "../../ui/Menu";
import { usePageState } from "../../ui/page-state";
import { Paging } from "../../ui/Paging";
import { Answered, ErrorBox, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { askUsers } from "./asks";

type User = Schemas["UserView"];

export function Component() {
  usePageState("Users");
  const [search] = useSearchParams();
  const cursor = search.get("cursor");
  const users = useQuery(askUsers(cursor));
  return (
    <Page title="Users">
      <Panel isFlush>
        <Answered query={users}>
          {({ items, next }) => (
            <>
              <ul className="divide-y divide-line">
                {items.map((user) => (
                  <Row key={user.id} user={user} />
                ))}
              </ul>
              <Paging next={next} first="First" further="Further" />
            </>
          )}
        </Answered>
      </Panel>
    </Page>
  );
}

type Asked = "admin" | "out";

function Row({ user }: { user: User }) {
  const me = useMe();
  const [asked, setAsked] = useState<Asked | null>(null);
  const deed = useDeed(["users"]);
  const change = async (body: Schemas["UserOrder"], done: string) => {
    await deed.run(
      () => answer(client.PATCH("/api/v1/users/{user}", { params: { path: { user: user.id } }, body })),
      `${user.email ?? user.name} ${done}`,
    );
  };
  const isMe = user.id === me.data?.id;
  return (
    <li className="px-4 py-2">
      <div className="flex min-h-9 flex-wrap items-center gap-x-4 gap-y-1 text-sm">
        <span className="min-w-0 flex-1 max-sm:basis-full">
          <Untrusted text={user.name} className="font-medium" />{" "}
          {user.email && <Untrusted text={user.email} className="text-muted" />}
          {user.email && !user.is_email_verified && <span className="text-muted"> (not verified)</span>}
          {isMe && <span className="text-muted"> · you</span>}
        </span>
        {user.is_admin && <span className="rounded-full bg-accent-soft px-2 py-0.5">administrator</span>}
        {user.is_disabled && (
          <span className="rounded-full bg-idle-soft px-2 py-0.5 text-idle-text">disabled</span>
        )}
        <span className="text-muted max-sm:flex-1">
          seen <Time at={user.seen_at} />
        </span>
        {!isMe && (
          <Menu
            trigger={
              <IconButton label={`Change ${user.name}`} className="-mr-2.5">
                <ChevronDownIcon />
              </IconButton>
            }
          >
            <MenuItem onSelect={() => setAsked("admin")}>
              {user.is_admin ? "no administrator any more …" : "make an administrator …"}
            </MenuItem>
            {user.is_disabled ? (
              <MenuItem onSelect={() => void change({ is_disabled: false }, "is let in again")}>
                let in again
              </MenuItem>
            ) : (
              <MenuItem onSelect={() => setAsked("out")}>keep out …</MenuItem>
            )}
          </Menu>
        )}
      </div>
      {deed.error !== null && <ErrorBox error={deed.error} />}
      {asked !== null && <Ask of={asked} user={user} change={change} onClose={() => setAsked(null)} />}
    </li>
  );
}

interface AskProps {
  of: Asked;
  user: User;
  change: (body: Schemas["UserOrder"], done: string) => Promise<void>;
  onClose: () => void;
}

/** Whoever becomes an administrator gets at everything, and may do the same to whoever made him one. */
function Ask({ of, user, change, onClose }: AskProps) {
  const who = <Untrusted text={user.email ?? user.name} className="font-medium break-all text-text" />;
  if (of === "out") {
    return (
      <Confirm
        title="Keep a user out"
        deed="Keep out"
        isOpen
        onClose={onClose}
        onConfirm={() => change({ is_disabled: true }, "is kept out")}
      >
        <p>
          All sessions and tokens of {who} end at once, for good. The user can be let in again, and then signs
          in anew.
        </p>
      </Confirm>
    );
  }
  if (user.is_admin) {
    return (
      <Confirm
        title="Take away an administrator's rights"
        deed="Take them away"
        isOpen
        onClose={onClose}
        onConfirm={() => change({ is_admin: false }, "is no administrator any more")}
      >
        <p>{who} keeps the projects of which he is a member, and nothing else.</p>
      </Confirm>
    );
  }
  return (
    <Confirm
      title="Make an administrator"
      deed="Make an administrator"
      isOpen
      onClose={onClose}
      onConfirm={() => change({ is_admin: true }, "is an administrator now")}
    >
      <p>{who} will be able to see and change everything on this server: all projects, users and runners.</p>
    </Confirm>
  );
}
