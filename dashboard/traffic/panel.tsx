/** The sources of visitors: a row for each country, device, referrer, sub-id and so on, with figures of what they did. */
import { may } from "../../worker/http/principal.ts";
import type { Traffic, TrafficRow } from "../../worker/reports/traffic.ts";
import { FIELD_NAMES, isFiltered, NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { credential } from "../api.ts";
import { Compared, ComparisonSkeleton, useCompared } from "../campaigns/comparison.tsx";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { Choices, panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { columnsOf, nameOf, type Row } from "../sources/columns.tsx";
import { byKey, choicesOf, dimensionOf, dimensionTitle } from "../sources/dimension.ts";
import { latestVisits, traffic, trafficCsv } from "../sources/query.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";

const TITLE = words.traffic.trafficSources;

export const TrafficPanel = panel({
  name: "traffic",
  title: TITLE,
  query: traffic,
  Show,
  Skeleton: ({ scope }) => (
    <>
      <ComparisonSkeleton scope={scope} />
      <TableSkeleton columns={columnsOf(dimensionOf(scope.address))} />
    </>
  ),
  Actions,
});

const SORTED_BY = { value: words.campaigns.value, change: words.campaigns.change } as const;

function Actions({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const by = dimensionOf(address);
  return (
    <>
      <ChosenDimension scope={scope} by={by} />
      {address.compare !== "none" && (
        <Choices
          legend={words.campaigns.sortBy}
          options={SORTED_BY}
          chosen={address.sort_by}
          choose={(sort_by) => go({ sort_by }, "replace")}
        />
      )}
      <TableTools
        find={words.traffic.findAValue}
        columns={columnsOf(by)}
        csv={{ url: trafficCsv(scope), name: `${fileNameOf("traffic", scope, "traffic", by)}.csv`, table: TITLE }}
      />
    </>
  );
}

/** Readers who may see the keys of `data` can choose those of the latest visits, or enter any other. */
function ChosenDimension({ scope, by }: { scope: Scope; by: string }) {
  const { go } = useNavigation();
  const all = may(scope.principal, "analyst");
  const { data } = useAnswer(all ? latestVisits(scope) : null);
  const seen = new Set((data?.rows ?? []).flatMap(({ data }) => Object.keys(data ?? {})));
  const choose = (group_by: string | undefined) =>
    group_by !== undefined && go({ group_by, search: undefined }, "replace");
  return (
    <>
      <select
        class="input"
        aria-label={words.common.groupBy}
        value={by}
        onChange={(event) => choose(event.currentTarget.value)}
      >
        {Object.entries(choicesOf([...seen], by)).map(([value, title]) => (
          <option key={value} value={value}>
            {title}
          </option>
        ))}
      </select>
      {all && (
        <input
          class="input find"
          aria-label={words.traffic.keyOfData}
          placeholder={words.traffic.anyKeyOfData}
          title={words.traffic.aKeyOfDataThatVisitsHave}
          maxLength={64}
          pattern="[A-Za-z0-9_\-]+"
          autocomplete="off"
          spellcheck={false}
          onChange={(event) => choose(byKey(event.currentTarget.value.trim()))}
        />
      )}
    </>
  );
}

const NOTHING: Omit<TrafficRow, "value"> = {
  ...{ visits: 0, visitors: 0, registrations: 0, first_deposits: 0, deposits: 0 },
  ...{ amount: "0.00", deposit_per_visit: null, unconverted: {} },
  ...{ visit_to_registration: null, registration_to_first_deposit: null },
};

function Show({ data, scope }: { data: Traffic; scope: Scope }) {
  const { address, go } = useNavigation();
  const { by, currency } = data;
  const compared = useCompared(scope, (period) => traffic(scope, period));
  const rowsOf = ({ rows, total }: Traffic) =>
    new Map(
      [{ ...total, value: TOTAL }, ...rows].map((row): [string | null, Row] => [row.value, { ...row, currency }]),
    );
  const [current, earlier] = [compared && rowsOf(compared.current), compared && rowsOf(compared.earlier)];
  const comparedRow = ({ value }: Row) => {
    // An answer has a limited number of rows: the figures of others are not known.
    const row = (rows: Map<string | null, Row> | null, all: Traffic | undefined) =>
      rows?.get(value) ?? (all?.rows_left_out === 0 ? { ...NOTHING, value, currency } : undefined);
    const [is, was] = [row(current, compared?.current), row(earlier, compared?.earlier)];
    return is && was && { current: is, earlier: was };
  };
  const field = FIELD_NAMES.find((name) => name === by);
  return (
    <>
      <p class="lead">{words.traffic.countsOnceByFirstVisit}</p>
      <Compared scope={scope} />
      <NoRate what={words.common.deposited} amounts={data.total.unconverted} principal={scope.principal} />
      <DataTable
        name={TITLE}
        columns={columnsOf(by)}
        rows={data.rows.map((row) => ({ ...row, currency }))}
        keyOf={({ value }) => value ?? ""}
        timezone={data.timezone}
        sort="-visits"
        total={{ ...data.total, value: TOTAL, currency }}
        leftOut={data.rows_left_out}
        {...(compared && { before: { of: comparedRow, called: compared.called } })}
        press={({ value }) =>
          // A share link sees only what the tables have: the server counts no further filters for it.
          field === undefined || value === null || address[field].includes(value) || credential() !== null
            ? undefined
            : { title: words.common.showOnly(nameOf(by, value)), go: () => go({ [field]: [value], search: undefined }) }
        }
        none={<None scope={scope} by={by} />}
      />
    </>
  );
}

/** A key that no value can have: its characters are not allowed in values. */
const TOTAL = "\u001ftotal";

function None({ scope: { address }, by }: { scope: Scope; by: string }) {
  const { go } = useNavigation();
  const filtered = isFiltered(address);
  return (
    <>
      <p>
        {filtered ? words.traffic.noVisitMatchesTheseFilters : words.traffic.noVisitsInThisPeriod(dimensionTitle(by))}
      </p>
      <button type="button" class="button" onClick={() => go(filtered ? NO_FILTERS : { period: "30d" })}>
        {filtered ? words.common.clearFilters : words.common.lookAtTheLast30Days}
      </button>
    </>
  );
}
