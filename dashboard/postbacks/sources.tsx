/** Networks that send conversions to a project: the list, a new one with the URL to paste, and one with its waiting postbacks. */
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
import { words } from "../words.ts";
import { Standing } from "./columns.tsx";
import { type Made, NewSecret, newSecretOf, ShownSecret } from "./dialogs.tsx";
import { waiting } from "./query.ts";

const COLUMNS: readonly Column<SourceView>[] = [
  { name: "name", title: words.common.name, kind: "text" },
  {
    name: "paused_at",
    title: words.common.state,
    kind: "text",
    show: ({ paused_at }) => <Standing state={paused_at ? "paused" : "active"} />,
  },
  { name: "url", title: words.postbacks.urlWithoutItsToken, kind: "text", prose: true },
  { name: "created_at", title: words.common.made, kind: "time" },
];
const WAITING: readonly Column<WaitingView>[] = [
  { name: "received_at", title: words.postbacks.came, kind: "time" },
  { name: "reason", title: words.common.reason, kind: "text", value: ({ reason }) => words.postbacks.reasons[reason] },
  { name: "click_id", title: words.postbacks.click, kind: "text" },
  { name: "transaction_id", title: words.postbacks.transaction, kind: "text" },
  { name: "status", title: words.common.status, kind: "text" },
  { name: "amount", title: words.common.amount, kind: "text" },
  { name: "currency", title: words.common.currency, kind: "text" },
];

const PROOFS = {
  token: words.postbacks.aTokenInTheUrl,
  signature: words.postbacks.aSignature,
  both: words.postbacks.both,
};

/** The URL with its token, and the secret of signatures if the network signs. */
const shownOf = ({ name, url, token, signing_secret }: Proved): Made => ({
  name,
  ...((token || signing_secret) && { secret: signing_secret ? `${url}\n${signing_secret}` : url }),
});
type Proved = Pick<SourceView, "name" | "url"> & Partial<Pick<ShownSource, "token" | "signing_secret">>;
const ShownUrl = (shown: { made: Made; close: () => void }) => (
  <ShownSecret title={words.postbacks.theUrlOf} use={words.postbacks.giveItToTheNetworkWithIts} {...shown} />
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
      title={words.postbacks.networkPostbacks}
      actions={
        <button type="button" class="button" onClick={() => make(true)}>
          {words.postbacks.makeASource}
        </button>
      }
    >
      <Answered answer={answer} what={words.postbacks.sources} skeleton={<TableSkeleton columns={COLUMNS} rows={2} />}>
        {({ rows }) => (
          <DataTable
            name={words.postbacks.sourcesTable}
            columns={COLUMNS}
            rows={rows}
            keyOf={({ id }) => id}
            timezone={timezone}
            sort="-created_at"
            press={({ id, name }) => ({ title: words.postbacks.openTheSource(name), go: () => go({ part: id }) })}
            none={<p>{words.postbacks.noSourcesYetMakeOneForEach}</p>}
          />
        )}
      </Answered>
      {made === true && (
        <Dialog title={words.postbacks.makeASource} close={close}>
          <Form action={action} label={words.postbacks.makeTheSource} cancel={close}>
            <Field name="name" label={words.common.name} placeholder="network" required />
            <Field
              name="preset"
              label={words.postbacks.itsParametersAreThoseOf}
              options={Object.fromEntries((answer.data?.presets ?? []).map((name) => [name, name]))}
            />
            <Field
              name="currency"
              label={words.common.currency}
              value="USD"
              hint={words.postbacks.whereItSendsNone}
              required
            />
            <Field name="secured_by" label={words.postbacks.itProvesItselfBy} options={PROOFS} />
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
      <Form action={action} label={words.postbacks.changeTheSource} cancel={close}>
        <Field
          name="template"
          label={words.postbacks.template}
          hint={words.postbacks.whichOfItsParametersIs}
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
      all={words.postbacks.allSources}
      lost={words.postbacks.itTakesNoMorePostbacksAnd}
      paused={paused_at !== null}
      dialog={(opened, open, close) =>
        opened === "change" ? (
          <ChangeSource source={source} show={open} close={close} />
        ) : (
          <ShownUrl made={opened} close={close} />
        )
      }
    >
      <p class="lead">{words.postbacks.whatWaitsForItsClickOrFor(timezone)}</p>
      <Answered
        answer={answer}
        what={words.postbacks.whatWaits}
        skeleton={<TableSkeleton columns={WAITING} rows={4} />}
      >
        {({ rows }) => (
          <DataTable
            name={words.postbacks.whatWaitsTable}
            columns={WAITING}
            rows={rows}
            keyOf={({ n }) => String(n)}
            timezone={timezone}
            sort="-received_at"
            none={<p>{words.postbacks.nothingWaitsAllThatItTold}</p>}
          />
        )}
      </Answered>
    </Kept>
  );
}
