/** Networks that tell a project of conversions: the list, a new one with the URL to paste, and one with what of it waits. */
import { useState } from "preact/hooks";
import type { ShownSource, SourceView, WaitingView } from "../../worker/admin/sources.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { readJson } from "../act/json.ts";
import { type Answer, useAnswer } from "../answers.ts";
import { Kept, keep } from "../kept.tsx";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { Standing } from "./columns.tsx";
import { type Made, NewSecret, newSecretOf, ShownSecret } from "./dialogs.tsx";
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

const PROOFS = { token: "a token in the URL", signature: "a signature", both: "both" };

/** The URL with its token, and the secret of signatures where it signs. */
const shownOf = ({ name, url, token, signing_secret }: Proved): Made => ({
  name,
  ...((token || signing_secret) && { secret: signing_secret ? `${url}\n${signing_secret}` : url }),
});
type Proved = Pick<SourceView, "name" | "url"> & Partial<Pick<ShownSource, "token" | "signing_secret">>;
const ShownUrl = (shown: { made: Made; close: () => void }) => (
  <ShownSecret what="URL" use="Give it to the network, with its macros." {...shown} />
);

type Listed = { scope: Scope; answer: Answer<{ rows: SourceView[]; presets: string[] }> };

export function Sources({ scope: { project_id, timezone }, answer }: Listed) {
  const { go } = useNavigation();
  const [made, make] = useState<Made | true | null>(null);
  const close = () => make(null);
  const action = useAction(async ({ name = "", preset, secured_by, currency = "" }: Filled) => {
    const template = { defaults: { currency: currency.toUpperCase() } };
    make(shownOf(await keep<Proved>("sources", project_id, undefined, { name, preset, secured_by, template })));
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
            <Field name="name" label="Name" placeholder="network" required />
            <Field
              name="preset"
              label="Its parameters are those of"
              options={Object.fromEntries((answer.data?.presets ?? []).map((name) => [name, name]))}
            />
            <Field name="currency" label="Currency" value="USD" hint="Where it sends none." required />
            <Field name="secured_by" label="It proves itself by" options={PROOFS} />
          </Form>
        </Dialog>
      )}
      {made !== null && made !== true && <ShownUrl made={made} close={close} />}
    </Panel>
  );
}

function ChangeSource({ source, show, close }: { source: SourceView; show: (made: Made) => void; close: () => void }) {
  const { id, project_id, name, template } = source;
  const action = useAction(async (filled: Filled) => {
    const changes = { template: readJson("template", filled.template), ...newSecretOf(filled) };
    const made = shownOf(await keep<Proved>("sources", project_id, id, changes));
    if (made.secret === undefined) close();
    else show(made);
  });
  return (
    <Dialog title={name} wide close={close}>
      <Form action={action} label="Change the source" cancel={close}>
        <Field
          name="template"
          label="Template"
          hint="Which of its parameters is which field, and what its words mean."
          lines={14}
          value={JSON.stringify(template, null, 2)}
        />
        <NewSecret />
      </Form>
    </Dialog>
  );
}

export function OneSource({ source, timezone }: { source: SourceView; timezone: string }) {
  const { id, name, paused_at } = source;
  const answer = useAnswer(waiting(id));
  return (
    <Kept<Made>
      of="sources"
      id={id}
      name={name}
      all="sources"
      lost="It takes no more postbacks, and those that wait are removed."
      paused={paused_at !== null}
      dialog={(opened, open, close) =>
        opened === "change" ? (
          <ChangeSource source={source} show={open} close={close} />
        ) : (
          <ShownUrl made={opened} close={close} />
        )
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
    </Kept>
  );
}
