/** Exchange rates, which all projects share: the daily feed, those that are there, and what one loads oneself. */
import { useState } from "preact/hooks";
import type { RateView } from "../../worker/admin/exchange-rates.ts";
import { useAction } from "../act/action.ts";
import { ActionError, Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client } from "../api.ts";
import { dateText, exact, NOTHING } from "../format.ts";
import { health } from "../health.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import { csvOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { PagedList } from "../table/list.tsx";
import { TableTools } from "../table/tools.tsx";
import { loadRate, rates, refreshFeed, type Upload, upload } from "./query.ts";

const COLUMNS: readonly Column<RateView>[] = [
  { name: "rate_date", title: "Date", kind: "date" },
  { name: "currency_code", title: "Currency", kind: "text" },
  {
    name: "usd_rate",
    title: "USD for one",
    kind: "rate",
    show: ({ usd_rate }) => <data value={usd_rate}>{usd_rate.replace(/\.?0+$/, "")}</data>,
  },
  {
    name: "data_source",
    title: "Source",
    kind: "text",
    show: ({ data_source }) => <span class="badge">{data_source}</span>,
  },
  { name: "loaded_at", title: "Loaded", kind: "time" },
];

const FEED = {
  ok: { badge: "good", means: "The daily feed is read, and its rates are fresh." },
  stale: { badge: "warn", means: "The feed has had no new rates for more than five days, or was never read." },
  failing: { badge: "bad", means: "The feed could not be read last time. The last good rates stay in force." },
  off: { badge: "", means: "No feed is set (ECB_FEED_URL is empty). Load rates by form or file." },
} as const;

export function RatesPanel({ scope }: { scope: Scope }) {
  const { address } = useNavigation();
  const [adding, add] = useState<"one" | "file" | null>(null);
  const may = scope.principal.project_id === null;
  const close = () => add(null);
  return (
    <div class="panels">
      <Feed may={may} />
      <Panel
        name="rates"
        title="Exchange rates"
        actions={
          <>
            <TableTools
              find="Currency, such as EUR"
              csv={{ url: csvOf(client["exchange-rates"].$url({ query: { limit: "1" } })), name: "exchange-rates.csv" }}
            />
            {may && (
              <>
                <button type="button" class="button" onClick={() => add("file")}>
                  Upload CSV
                </button>
                <button type="button" class="button primary" onClick={() => add("one")}>
                  Add a rate
                </button>
              </>
            )}
          </>
        }
      >
        <p class="lead">
          USD for one unit. An amount is converted at the latest rate of its date or of the seven days before it; a rate
          that comes late fills in the past at once. {!may && "Writing them needs a key for all projects."}
        </p>
        <PagedList
          name="exchange rates"
          columns={COLUMNS}
          query={rates(address.search)}
          keyOf={({ currency_code, rate_date }) => `${currency_code} ${rate_date}`}
          timezone={scope.timezone}
          none={<p>There is no rate {address.search ? "of this currency" : "yet"}. Add one, or upload a file.</p>}
        />
      </Panel>
      {adding === "one" && <AddRate today={scope.today} close={close} />}
      {adding === "file" && <UploadRates close={close} />}
    </div>
  );
}

function Feed({ may }: { may: boolean }) {
  const answer = useAnswer(health());
  const action = useAction(refreshFeed, "The feed was read.");
  return (
    <Panel
      name="feed"
      title="Daily feed"
      actions={
        may &&
        answer.data?.dependencies.exchange_rates !== "off" && (
          <button type="button" class="button" disabled={action.busy} onClick={() => action.run()}>
            {action.busy ? "Reading…" : "Read it now"}
          </button>
        )
      }
    >
      <ActionError action={action} />
      <Answered answer={answer} what="state of the feed" skeleton={<Waiting />}>
        {({ dependencies, exchange_rates: { last_rate_date, error, without_rate } }) => {
          const { badge, means } = FEED[dependencies.exchange_rates];
          return (
            <p class="lead" data-feed={dependencies.exchange_rates}>
              <span class={`badge ${badge}`}>{dependencies.exchange_rates}</span> {means} Newest rates:{" "}
              {last_rate_date ? dateText(last_rate_date) : NOTHING}.{error && ` The feed: ${error}.`}
              {without_rate.length > 0 && ` Money of today or yesterday has no rate: ${without_rate.join(", ")}.`}
            </p>
          );
        }}
      </Answered>
    </Panel>
  );
}

const Waiting = () => (
  <p class="lead" aria-hidden="true">
    <span class="bone">stale {FEED.stale.means} Newest rates: –.</span>
  </p>
);

function AddRate({ today, close }: { today: string; close: () => void }) {
  const action = useAction(
    ({ currency_code, ...rate }: Filled) => loadRate({ ...rate, currency_code: currency_code?.trim().toUpperCase() }),
    "The rate is loaded.",
  );
  return (
    <Dialog title="Add a rate" close={close}>
      <Form action={action} label="Add the rate" done={close} cancel={close}>
        <div class="fields">
          <Field
            name="currency_code"
            label="Currency"
            suggestions={Intl.supportedValuesOf("currency")}
            placeholder="EUR"
            required
          />
          <Field name="rate_date" label="Date" type="date" value={today} required />
          <Field name="usd_rate" label="USD for one" placeholder="1.0825" required />
          <Field name="data_source" label="Source" placeholder="treasury" required />
        </div>
        <p class="field-hint">One of the same currency and date is replaced.</p>
      </Form>
    </Dialog>
  );
}

/** Refused lines that are told; the rest is as many as it is. */
const TOLD = 20;

function UploadRates({ close }: { close: () => void }) {
  const [state, setState] = useState<Upload | null>(null);
  const action = useAction(async (file: File) => {
    setState({ loaded: 0, lines: 0, refused: [] });
    setState(await upload(await file.text(), setState));
  });
  const { loaded = 0, lines = 0, refused = [] } = state ?? {};
  return (
    <Dialog title="Upload rates" close={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const file = new FormData(event.currentTarget).get("file");
          if (file instanceof File) void action.run(file);
        }}
      >
        <p>
          A CSV file with the header <code>currency_code,rate_date,usd_rate,data_source</code>, or the European Central
          Bank's <code>eurofxref-hist.csv</code>. Uploading it again is harmless: a rate of the same currency and date
          is replaced.
        </p>
        <div class="field">
          <label for="file">File</label>
          <input class="input" id="file" type="file" name="file" accept=".csv,text/csv" required />
        </div>
        {action.busy && <progress max={Math.max(1, lines)} value={loaded} aria-label="Rates loaded" />}
        <div role="status">
          {state && !action.busy && !action.error && (
            <p>
              {exact(loaded)} of {exact(lines)} lines are loaded.
              {refused.length > 0 && " The lines below are wrong: correct them and upload the file again."}
            </p>
          )}
        </div>
        {refused.length > 0 && (
          <ul class="refused">
            {refused.slice(0, TOLD).map(({ line, message }) => (
              <li key={`${line} ${message}`}>
                <strong>Line {exact(line)}:</strong> {message}
              </li>
            ))}
            {refused.length > TOLD && <li>and {exact(refused.length - TOLD)} more</li>}
          </ul>
        )}
        <ActionError action={action} />
        <p class="dialog-actions">
          <button type="button" class="button" onClick={close}>
            Close
          </button>
          <button type="submit" class="button primary" disabled={action.busy}>
            {action.busy ? "Uploading…" : "Upload"}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
