// Who belongs to a project, and as what.
import { useQuery } from "@tanstack/react-query";
import { useState, type SubmitEvent } from "react";

import { client, done } from "../../api/client";
import { useMe, type Project } from "../../api/queries";
import { Untrusted } from "../../text/Untrusted";
import { Button } from "../../ui/Button";
import { useDeed } from "../../ui/deed";
import { SelectField, TextField } from "../../ui/Field";
import { Answered, ErrorBox, Panel } from "../../ui/Panel";
import { Time } from "../../ui/Time";
import { askMembers } from "./asks";
import { NamedList } from "./NamedList";

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
    <>
      <Panel title="Members" isFlush>
        <Answered query={members}>
          {({ items }) => (
            <NamedList
              items={items.map((member) => ({
                key: member.user.id,
                name: member.user.email ?? member.user.name,
                about: (
                  <>
                    <Untrusted text={member.role} /> since <Time at={member.since} />
                    {member.user.is_disabled && ", disabled"}
                    {member.user.id === me.data?.id && ", you"}
                  </>
                ),
              }))}
              consequence="Whoever that is sees nothing of the project any more."
              onRemove={remove}
              list={askMembers(project.name).queryKey}
            />
          )}
        </Answered>
      </Panel>
      {me.data?.is_single_user === false && <SetMember project={project} />}
    </>
  );
}

function SetMember({ project }: { project: Project }) {
  const [user, setUser] = useState("");
  const [role, setRole] = useState("member");
  const deed = useDeed(askMembers(project.name).queryKey);
  const set = async (event: SubmitEvent) => {
    event.preventDefault();
    const params = { path: { project: project.name, user: user.trim() } };
    const isSet = await deed.run(
      () => done(client.PUT("/api/v1/projects/{project}/members/{user}", { params, body: { role } })),
      "Set",
    );
    if (isSet) setUser("");
  };
  return (
    <Panel title="Make somebody a member">
      <form onSubmit={set} className="space-y-4">
        <TextField
          label="Id of the user"
          help="Everybody finds his own on the page about himself (the icon at the top right)."
          pattern="[0-9a-fA-F\-]{36}"
          value={user}
          onChange={(event) => setUser(event.target.value)}
          required
          isCode
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
        {deed.error !== null && <ErrorBox error={deed.error} />}
        <Button type="submit" look="primary" isBusy={deed.isBusy}>
          Set
        </Button>
      </form>
    </Panel>
  );
}
