/** Where people come from: the figures of each country, device or app. */
import type { Metrics } from "../../worker/reports/metrics.ts";
import { useAnswer } from "../answers.ts";
import { credential } from "../api.ts";
import { campaigns } from "../campaigns/query.ts";
import { FieldMark } from "../field-mark.tsx";
import { fieldValue } from "../format.ts";
import { Link } from "../link.tsx";
import { useNavigation } from "../navigation.ts";
import { Choices, panel } from "../panel.tsx";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { type Brought, broughtBy, columnsOf } from "./columns.ts";
import { breakdown, breakdownCsv, DIMENSIONS, type Dimension, dimensionOf, NAMES } from "./query.ts";

const TITLE = words.breakdown.countriesDevicesAndApps;

export const BreakdownPanel = panel({
  name: "breakdown",
  title: TITLE,
  query: breakdown,
  Show,
  Skeleton: () => <TableSkeleton columns={columnsOf(headingOf("country"))} />,
  Actions,
  later: true,
});

function Actions({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const dimension = dimensionOf(scope);
  return (
    <>
      <Choices
        legend={words.common.groupBy}
        options={DIMENSIONS}
        chosen={dimension}
        choose={(name) => go({ group_by: name === "country" ? undefined : name }, "replace")}
      />
      <Link class="button" to={{ view: "traffic", group_by: dimension }}>
        {words.breakdown.depositsAndRates}
      </Link>
      <TableTools
        csv={{ url: breakdownCsv(scope), name: `${fileNameOf("metrics", scope, dimension)}.csv`, table: TITLE }}
      />
    </>
  );
}

const nameOf = (dimension: Dimension, value: string | null): string =>
  value === null ? words.common.unknown : fieldValue(dimension, value);

const headingOf = (dimension: Dimension): Column<Brought> => ({
  name: dimension,
  title: DIMENSIONS[dimension],
  kind: "text",
  value: ({ value }) => nameOf(dimension, value),
  show: ({ value }) => (
    <span title={value ?? words.breakdown.notKnown}>
      <FieldMark field={dimension} value={value} />
      {nameOf(dimension, value)}
    </span>
  ),
});

function Show({ data, scope }: { data: Metrics; scope: Scope }) {
  const { address, go } = useNavigation();
  // The shown answer may still be of the previous dimension.
  const dimension = NAMES.find((name) => data.rows[0] && name in data.rows[0]) ?? dimensionOf(scope);
  const rows = broughtBy(data.rows, dimension);
  const sum = (name: "visits" | "registrations" | "deposits") => rows.reduce((all, row) => all + row[name], 0);
  // A person who registers from two countries on a day is one person: the total comes from the cards of the page.
  const total = useAnswer(campaigns(scope)).data?.total;
  return (
    <DataTable
      name={TITLE}
      columns={columnsOf(headingOf(dimension))}
      rows={rows}
      keyOf={({ value }) => value ?? ""}
      timezone={data.timezone}
      sort="-visits"
      total={{
        value: null,
        visits: total?.visits ?? sum("visits"),
        registrations: total?.registrations ?? sum("registrations"),
        deposits: total?.deposits ?? sum("deposits"),
      }}
      press={({ value }) =>
        // A share link sees only what the tables have: the server counts no further filters for it.
        value === null || address[dimension].includes(value) || credential() !== null
          ? undefined
          : { title: words.common.showOnly(nameOf(dimension, value)), go: () => go({ [dimension]: [value] }) }
      }
      none={<p>{words.breakdown.nobodyCameInThisPeriod}</p>}
      aside
    />
  );
}
