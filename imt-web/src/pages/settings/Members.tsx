// Who belongs to a project, and as what.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client, done, type Schemas } from "../../api/client";
import { useMe, type Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { useEditing } from "../../ui/editing";
import { SelectField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { NamedPanel } from "../../ui/NamedList";
import { EmptyState } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { askMembers } from "./asks";
import { Changing } from "./Changing";

type Member = Schemas["MemberView"];

export function Members({ project }: { project: Project }) {
  const members = useQuery(askMembers(project.name));
  const me = useMe();
  const { edited, turn, edit, end } = useEditing<Member>();
  // Where there is one user only, nobody else can be one.
  const maySet = me.data?.is_single_user === false;
  const remove = (user: string) =>
    done(
      client.DELETE("/api/v1/projects/{project}/members/{user}", {
        params: { path: { project: project.name, user } },
      }),
    );
  return (
    <NamedPanel
      title="Members"
      query={members}
      of={(member) => ({
        key: member.user.id,
        name: labelOf(member),
        about: <About member={member} isMe={member.user.id === me.data?.id} />,
        ...(maySet && { edit: { word: "Edit", onEdit: () => edit(member) } }),
      })}
      empty={<EmptyState title="No member yet" />}
      consequence="Whoever that is sees nothing of the project any more."
      onRemove={remove}
      list={askMembers(project.name).queryKey}
    >
      {maySet && (
        <SetMember
          key={edited?.user.id ?? ""}
          project={project}
          members={members.data?.items ?? []}
          edited={edited}
          turn={turn}
          onDone={end}
        />
      )}
    </NamedPanel>
  );
}

function About({ member: { user, role, since }, isMe }: { member: Member; isMe: boolean }) {
  return (
    <>
      {user.email !== undefined && user.email !== user.name && (
        <>
          <Untrusted text={user.name} />,{" "}
        </>
      )}
      <Untrusted text={role} /> since <Time at={since} />
      {user.is_disabled && ", disabled"}
      {isMe && ", you"}
    </>
  );
}

interface SetProps {
  project: Project;
  members: readonly Member[];
  /** Whose role is changed; null where somebody becomes a member. */
  edited: Member | null;
  turn: number;
  onDone: () => void;
}

function SetMember({ project, members, edited, turn, onDone }: SetProps) {
  const [who, setWho] = useState(edited === null ? "" : labelOf(edited));
  const [role, setRole] = useState(edited?.role ?? "member");
  const deed = useDeed(askMembers(project.name).queryKey);
  const isThere = edited !== null || members.some((member) => isCalled(member, who.trim()));
  const set = async () => {
    const isSet = await deed.run(
      () => setMember(project.name, edited?.user.id ?? who.trim(), role),
      `${who.trim()} is ${role === "owner" ? "an owner" : "a member"} now`,
    );
    if (!isSet) return;
    setWho("");
    onDone();
  };
  return (
    <FormPanel
      title={edited === null ? "Make somebody a member" : <Changing what="the role of " name={who} />}
      deed={deed}
      onSubmit={set}
      submit={isThere ? "Change role" : "Add member"}
      turn={turn}
      otherwise={edited !== null && <Button onClick={onDone}>Leave it</Button>}
    >
      <TextField
        label="E-mail address"
        help={
          edited === null
            ? "Of somebody who has signed in here before. An id does as well: it is shown on your account page."
            : undefined
        }
        value={who}
        disabled={edited !== null}
        onChange={(event) => setWho(event.target.value)}
        required
      />
      <SelectField
        label="Role"
        help="Members see everything and run pipelines. Owners do everything."
        value={role}
        onChange={(event) => setRole(event.target.value)}
      >
        <option value="member">member</option>
        <option value="owner">owner</option>
      </SelectField>
    </FormPanel>
  );
}

function labelOf({ user }: Member): string {
  return user.email ?? user.name;
}

/** By address, or by id. */
function isCalled({ user }: Member, who: string): boolean {
  return user.id === who || user.email?.toLowerCase() === who.toLowerCase();
}

/** `who`: an e-mail address, or an id. */
function setMember(project: string, who: string, role: string): Promise<void> {
  if (who.includes("@")) {
    const [params, body] = [{ path: { project } }, { email: who, role }];
    return done(client.POST("/api/v1/projects/{project}/members-by-email", { params, body }));
  }
  const params = { path: { project, user: who } };
  return done(client.PUT("/api/v1/projects/{project}/members/{user}", { params, body: { role } }));
}
