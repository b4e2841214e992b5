// Who belongs to a project, and as what.
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { client, done, type Schemas } from "../../api/client";
import { useMe, type Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { useDeed } from "../../ui/deed";
import { SelectField, TextField } from "../../ui/Field";
import { FormPanel } from "../../ui/FormPanel";
import { NamedPanel } from "../../ui/NamedList";
import { EmptyState } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { askMembers } from "./asks";

export function Members({ project }: { project: Project }) {
  const members = useQuery(askMembers(project.name));
  const me = useMe();
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
        name: member.user.email ?? member.user.name,
        about: <About member={member} isMe={member.user.id === me.data?.id} />,
      })}
      empty={<EmptyState title="No member yet" />}
      consequence="Whoever that is sees nothing of the project any more."
      onRemove={remove}
      list={askMembers(project.name).queryKey}
    >
      {me.data?.is_single_user === false && <SetMember project={project} />}
    </NamedPanel>
  );
}

function About({ member: { user, role, since }, isMe }: { member: Schemas["MemberView"]; isMe: boolean }) {
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

function SetMember({ project }: { project: Project }) {
  const [who, setWho] = useState("");
  const [role, setRole] = useState("member");
  const deed = useDeed(askMembers(project.name).queryKey);
  const set = async () => {
    const isSet = await deed.run(() => setMember(project.name, who.trim(), role), `${who.trim()}: ${role}`);
    if (isSet) setWho("");
  };
  return (
    <FormPanel title="Make somebody a member" deed={deed} onSubmit={set}>
      <TextField
        label="E-mail address"
        help="Of somebody who has signed in here before. An id does as well: everybody finds his own on the page about himself."
        value={who}
        onChange={(event) => setWho(event.target.value)}
        required
      />
      <SelectField
        label="As what"
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

/** `who`: an e-mail address, or an id. */
function setMember(project: string, who: string, role: string): Promise<void> {
  if (who.includes("@")) {
    const [params, body] = [{ path: { project } }, { email: who, role }];
    return done(client.POST("/api/v1/projects/{project}/members-by-email", { params, body }));
  }
  const params = { path: { project, user: who } };
  return done(client.PUT("/api/v1/projects/{project}/members/{user}", { params, body: { role } }));
}
