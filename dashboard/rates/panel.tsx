/** Exchange rates, which all projects share: the daily feed, the stored rates, and uploads. */
import { useState } from "preact/hooks";
import type { RateView } from "../../worker/admin/exchange-rates.ts";
import { useAction } from "../act/action.ts";
import { ActionError, Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client } from "../api.ts";
import { dateText, exact, NOTHING, stateText } from "../format.ts";
import { health } from "../health.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Panel } from "../panel.tsx";
import { csvOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { PagedList } from "../table/list.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { loadRate, rates, refreshFeed, type Upload, upload } from "./query.ts";

const COLUMNS: readonly Column<RateView>[] = [
  { name: "rate_date", title: words.rates.date, kind: "date" },
  { name: "currency_code", title: words.common.currency, kind: "text" },
  {
    name: "usd_rate",
    title: words.rates.usdForOne,
    kind: "rate",
    show: ({ usd_rate }) => <data value={usd_rate}>{usd_rate.replace(/\.?0+$/, "")}</data>,
  },
  {
    name: "data_source",
    title: words.common.source,
    kind: "text",
    show: ({ data_source }) => <span class="badge">{data_source}</span>,
  },
  { name: "loaded_at", title: words.rates.loaded, kind: "time" },
];

const FEED = {
  ok: { badge: "good", means: words.rates.theDailyFeedIsReadAndIts },
  stale: { badge: "warn", means: words.rates.theFeedHasHadNoNewRatesFor },
  failing: { badge: "bad", means: words.rates.theFeedCouldNotBeReadLast },
  off: { badge: "", means: words.rates.noFeedIsSetEcbFeedUrlIs },
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
        title={words.common.exchangeRates}
        actions={
          <>
            <TableTools
              find={words.rates.currencySuchAsEur}
              csv={{ url: csvOf(client["exchange-rates"].$url({ query: { limit: "1" } })), name: "exchange-rates.csv" }}
            />
            {may && (
              <>
                <button type="button" class="button" onClick={() => add("file")}>
                  {words.rates.uploadCsv}
                </button>
                <button type="button" class="button primary" onClick={() => add("one")}>
                  {words.rates.addARate}
                </button>
              </>
            )}
          </>
        }
      >
        <p class="lead">{words.rates.usdForOneUnitAnAmountIs(!may && words.rates.writingThemNeedsAKeyForAll)}</p>
        <PagedList
          name={words.common.exchangeRates}
          columns={COLUMNS}
          query={rates(address.search)}
          keyOf={({ currency_code, rate_date }) => `${currency_code} ${rate_date}`}
          timezone={scope.timezone}
          none={<p>{address.search ? words.rates.noRateOfThisCurrency : words.rates.noRateYet}</p>}
        />
      </Panel>
      {adding === "one" && <AddRate today={scope.today} close={close} />}
      {adding === "file" && <UploadRates close={close} />}
    </div>
  );
}

function Feed({ may }: { may: boolean }) {
  const answer = useAnswer(health());
  const action = useAction(refreshFeed, words.rates.theFeedWasRead);
  return (
    <Panel
      name="feed"
      title={words.rates.dailyFeed}
      actions={
        may &&
        answer.data?.dependencies.exchange_rates !== "off" && (
          <button type="button" class="button" disabled={action.busy} onClick={() => action.run()}>
            {action.busy ? words.rates.reading : words.rates.readItNow}
          </button>
        )
      }
    >
      <ActionError action={action} />
      <Answered answer={answer} what={words.rates.stateOfTheFeed} skeleton={<Waiting />}>
        {({ dependencies, exchange_rates: { last_rate_date, error, without_rate } }) => {
          const { badge, means } = FEED[dependencies.exchange_rates];
          return (
            <p class="lead" data-feed={dependencies.exchange_rates}>
              {words.rates.newestRates(
                <span class={`badge ${badge}`}>{stateText(dependencies.exchange_rates)}</span>,
                means,
                last_rate_date ? dateText(last_rate_date) : NOTHING,
                error && words.rates.theFeed(error),
              )}
              {without_rate.length > 0 && words.rates.moneyOfTodayOrYesterdayHas(without_rate.join(", "))}
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
    words.rates.theRateIsLoaded,
  );
  return (
    <Dialog title={words.rates.addARate} close={close}>
      <Form action={action} label={words.rates.addTheRate} done={close} cancel={close}>
        <div class="fields">
          <Field
            name="currency_code"
            label={words.common.currency}
            suggestions={Intl.supportedValuesOf("currency")}
            placeholder="EUR"
            required
          />
          <Field name="rate_date" label={words.rates.date} type="date" value={today} required />
          <Field name="usd_rate" label={words.rates.usdForOne} placeholder="1.0825" required />
          <Field name="data_source" label={words.common.source} placeholder="treasury" required />
        </div>
        <p class="field-hint">{words.rates.oneOfTheSameCurrencyAnd}</p>
      </Form>
    </Dialog>
  );
}

/** The most refused lines that are listed; of the others only the number is shown. */
const TOLD = 20;

function UploadRates({ close }: { close: () => void }) {
  const [state, setState] = useState<Upload | null>(null);
  const action = useAction(async (file: File) => {
    setState({ loaded: 0, lines: 0, refused: [] });
    setState(await upload(await file.text(), setState));
  });
  const { loaded = 0, lines = 0, refused = [] } = state ?? {};
  return (
    <Dialog title={words.rates.uploadRates} close={close}>
      <form
        class="form"
        onSubmit={(event) => {
          event.preventDefault();
          const file = new FormData(event.currentTarget).get("file");
          if (file instanceof File) void action.run(file);
        }}
      >
        <p>
          {words.rates.aCsvFileWithTheHeaderOrThe(
            <code>currency_code,rate_date,usd_rate,data_source</code>,
            <code>eurofxref-hist.csv</code>,
          )}
        </p>
        <div class="field">
          <label for="file">{words.rates.file}</label>
          <input class="input" id="file" type="file" name="file" accept=".csv,text/csv" required />
        </div>
        {action.busy && <progress max={Math.max(1, lines)} value={loaded} aria-label={words.rates.ratesLoaded} />}
        <div role="status">
          {state && !action.busy && !action.error && (
            <p>
              {words.rates.ofLinesAreLoaded(exact(loaded), exact(lines))}
              {refused.length > 0 && words.rates.theLinesBelowAreWrong}
            </p>
          )}
        </div>
        {refused.length > 0 && (
          <ul class="refused">
            {refused.slice(0, TOLD).map(({ line, message }) => (
              <li key={`${line} ${message}`}>
                <strong>{words.rates.line(exact(line))}</strong> {message}
              </li>
            ))}
            {refused.length > TOLD && <li>{words.rates.andMore(exact(refused.length - TOLD))}</li>}
          </ul>
        )}
        <ActionError action={action} />
        <p class="dialog-actions">
          <button type="button" class="button" onClick={close}>
            {words.common.close}
          </button>
          <button type="submit" class="button primary" disabled={action.busy}>
            {action.busy ? words.rates.uploading : words.rates.upload}
          </button>
        </p>
      </form>
    </Dialog>
  );
}
