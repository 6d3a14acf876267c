/** Networks that tell a project of conversions: the list, a new one with the URL to paste, and one with what of it waits. */
import { useState } from "preact/hooks";
import type { SourceView, WaitingView } from "../../worker/admin/sources.ts";
import { useAction } from "../act/action.ts";
import { ActionError, Confirm, Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { type Answer, useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { Standing } from "./columns.tsx";
import { ShownSecret } from "./dialogs.tsx";
import { waiting } from "./query.ts";

const COLUMNS: readonly Column<SourceView>[] = [
  { name: "name", title: "Name", kind: "text" },
  {
    name: "paused_at",
    title: "State",
    kind: "text",
    show: ({ paused_at }) => <Standing state={paused_at ? "paused" : "active"} />,
  },
  { name: "url", title: "URL, without its token", kind: "text", prose: true },
  { name: "created_at", title: "Made", kind: "time" },
];
const WAITING: readonly Column<WaitingView>[] = [
  { name: "received_at", title: "Came", kind: "time" },
  { name: "reason", title: "Reason", kind: "text", value: ({ reason }) => reason.replaceAll("_", " ") },
  { name: "click_id", title: "Click", kind: "text" },
  { name: "transaction_id", title: "Transaction", kind: "text" },
  { name: "status", title: "Status", kind: "text" },
  { name: "amount", title: "Amount", kind: "text" },
  { name: "currency", title: "Currency", kind: "text" },
];

type Listed = { scope: Scope; answer: Answer<{ rows: SourceView[]; presets: string[] }> };

export function Sources({ scope: { project_id, timezone }, answer }: Listed) {
  const { go } = useNavigation();
  const [made, make] = useState<{ name: string; secret: string } | true | null>(null);
  const close = () => make(null);
  const action = useAction(async ({ name = "", preset, currency = "" }: Filled) => {
    const template = { defaults: { currency: currency.toUpperCase() } };
    const { url } = await read(
      client.sources.$post({ json: { project_id, name, preset: preset as "generic", template } }),
    );
    make({ name, secret: url });
  });
  return (
    <Panel
      name="sources"
      title="Network postbacks"
      actions={
        <button type="button" class="button" onClick={() => make(true)}>
          Make a source
        </button>
      }
    >
      <Answered answer={answer} what="sources" skeleton={<TableSkeleton columns={COLUMNS} rows={2} />}>
        {({ rows }) => (
          <DataTable
            name="Sources"
            columns={COLUMNS}
            rows={rows}
            keyOf={({ id }) => id}
            timezone={timezone}
            sort="-created_at"
            press={({ id, name }) => ({ title: `Open the source ${name}`, go: () => go({ part: id }) })}
            none={<p>No sources yet. Make one for each network that tells of conversions.</p>}
          />
        )}
      </Answered>
      {made === true && (
        <Dialog title="Make a source" close={close}>
          <Form action={action} label="Make the source" cancel={close}>
            <Field name="name" label="Name" placeholder="network" required action={action} />
            <Field
              name="preset"
              label="Its parameters are those of"
              options={Object.fromEntries((answer.data?.presets ?? []).map((name) => [name, name]))}
              action={action}
            />
            <Field name="currency" label="Currency" value="USD" hint="Where it sends none." required action={action} />
          </Form>
        </Dialog>
      )}
      {made !== null && made !== true && (
        <ShownSecret made={made} what="URL" use="Give it to the network, with its macros." close={close} />
      )}
    </Panel>
  );
}

export function OneSource({ source: { id, name, paused_at }, timezone }: { source: SourceView; timezone: string }) {
  const { go } = useNavigation();
  const [removing, remove] = useState(false);
  const answer = useAnswer(waiting(id));
  const param = { id };
  const one = client.sources[":id"];
  const action = useAction((act: () => Promise<unknown>) => act(), "Done.");
  const paused = paused_at === null;
  return (
    <Panel
      name="source"
      title={name}
      actions={
        <>
          <button type="button" class="button" onClick={() => go({ part: undefined })}>
            All sources
          </button>
          <button
            type="button"
            class="button"
            disabled={action.busy}
            onClick={() => action.run(() => read(one.$patch({ param, json: { paused } })))}
          >
            {paused ? "Pause" : "Resume"}
          </button>
          <button type="button" class="button danger" onClick={() => remove(true)}>
            Remove…
          </button>
        </>
      }
    >
      <p class="lead">What waits: for its click, or for what it decides about. Times: {timezone}.</p>
      <Answered answer={answer} what="what waits" skeleton={<TableSkeleton columns={WAITING} rows={4} />}>
        {({ rows }) => (
          <DataTable
            name="What waits"
            columns={WAITING}
            rows={rows}
            keyOf={({ n }) => String(n)}
            timezone={timezone}
            sort="-received_at"
            none={<p>Nothing waits: all that it told is counted.</p>}
          />
        )}
      </Answered>
      {removing ? (
        <Confirm
          title={`Remove ${name}?`}
          label="Remove the source"
          action={{ ...action, run: () => action.run(() => read(one.$delete({ param }))) }}
          close={() => remove(false)}
        >
          <p>Nothing is taken from it any more, and what waits of it goes.</p>
        </Confirm>
      ) : (
        <ActionError action={action} />
      )}
    </Panel>
  );
}
