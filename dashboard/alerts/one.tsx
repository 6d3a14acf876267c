/** What can be done with an alert, a channel or a scheduled report; of an alert also its incidents. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import type { AlertView } from "../../worker/admin/alerts.ts";
import type { ChannelView } from "../../worker/admin/channels.ts";
import { useAction } from "../act/action.ts";
import { ActionError, Confirm } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { INCIDENTS, Standing } from "./columns.tsx";
import { AlertForm, ShownTest, type Tried } from "./dialogs.tsx";
import { incidents } from "./query.ts";

/** The three have routes of the same kind; a channel is neither paused nor tried. */
type Kept = "alerts" | "scheduled-reports" | "channels";
type Opened = {
  of: Kept;
  id: string;
  name: string;
  paused?: boolean;
  change?: () => void;
  children?: ComponentChildren;
};

export function One({ of, id, name, paused, change, children }: Opened) {
  const { go } = useNavigation();
  const [opened, open] = useState<"remove" | Tried | null>(null);
  const action = useAction((act: () => Promise<unknown>) => act(), "Done.");
  const param = { id };
  const all = () => go({ part: undefined });
  const close = () => open(null);
  const routes = client[of as Exclude<Kept, "channels">][":id"];
  const test = async () => open(await read<Tried>(routes.test.$post({ param })));
  const pause = () => read<object>(routes.$patch({ param, json: { paused: !paused } }));
  const remove = async () => {
    await read(client[of][":id"].$delete({ param }));
    all();
  };
  return (
    <Panel
      name="alert"
      title={name}
      actions={
        <>
          {change && (
            <button type="button" class="button" onClick={change}>
              Change…
            </button>
          )}
          <button type="button" class="button danger" onClick={() => open("remove")}>
            Remove…
          </button>
          {paused !== undefined && (
            <>
              <button type="button" class="button" onClick={() => action.run(pause)}>
                {paused ? "Resume" : "Pause"}
              </button>
              <button type="button" class="button primary" onClick={() => action.run(test)}>
                Send a test
              </button>
            </>
          )}
        </>
      }
    >
      {children}
      {opened === null && <ActionError action={action} />}
      {opened === "remove" ? (
        <Confirm
          title={`Remove ${name}?`}
          label="Remove it"
          action={{
            ...action,
            run: () => action.run(remove),
          }}
          close={close}
        >
          <p>What is kept of it goes, too.</p>
        </Confirm>
      ) : (
        opened && <ShownTest tried={opened} close={close} />
      )}
    </Panel>
  );
}

type Alerted = { alert: AlertView; channels: readonly ChannelView[]; timezone: string };

export function OneAlert({ alert, channels, timezone }: Alerted) {
  const { id, project_id, name, state, incident, error } = alert;
  const [changing, change] = useState(false);
  const answer = useAnswer(incidents(id));
  return (
    <One of="alerts" id={id} name={name} paused={state === "paused"} change={() => change(true)}>
      <p class="lead">
        <Standing state={state} /> {error ?? incident?.finding}
      </p>
      <Answered answer={answer} what="incidents" skeleton={<TableSkeleton columns={INCIDENTS} rows={3} />}>
        {({ rows }) => (
          <DataTable
            name="Incidents"
            columns={INCIDENTS}
            rows={rows}
            keyOf={(row) => row.id}
            timezone={timezone}
            sort="-opened_at"
            none={<p>None yet.</p>}
          />
        )}
      </Answered>
      {changing && <AlertForm project_id={project_id} channels={channels} alert={alert} close={() => change(false)} />}
    </One>
  );
}
