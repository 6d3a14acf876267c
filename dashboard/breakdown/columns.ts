/** The figures of each country, device or app, counted as in the cards, and the table's columns. Pure. */
import type { MetricsRow } from "../../worker/reports/metrics.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import type { Dimension } from "./query.ts";

const FIGURES = ["visits", "registrations", "deposits"] as const;
export type Brought = { value: string | null } & Record<(typeof FIGURES)[number], number>;

export function broughtBy(rows: readonly MetricsRow[], dimension: Dimension): Brought[] {
  const sum = (rowsOfValue: readonly MetricsRow[], event_type: string, measure: "total" | "count") =>
    rowsOfValue.reduce((all, row) => all + (row.event_type === event_type ? row[measure] : 0), 0);
  return [...Map.groupBy(rows, (row) => row[dimension] ?? null)]
    .map(([value, rowsOfValue]) => ({
      value,
      visits: sum(rowsOfValue, "visit", "total"),
      registrations: sum(rowsOfValue, "registration", "count"),
      deposits: sum(rowsOfValue, "deposit", "total"),
    }))
    .filter((row) => FIGURES.some((figure) => row[figure] > 0));
}

const TITLES = {
  visits: words.common.visits,
  registrations: words.common.registrations,
  deposits: words.common.deposits,
} as const;
const HINTS = {
  visits: words.common.allVisitsIncludingRepeat,
  registrations: words.common.atMostOnePerDayAndPlayer,
  deposits: words.common.allDepositsIncludingRepeat,
} as const;

const figure = (name: (typeof FIGURES)[number]): Column<Brought> => ({
  name,
  title: TITLES[name],
  hint: HINTS[name],
  kind: "count",
  share: true,
});

export const columnsOf = (heading: Column<Brought>): readonly Column<Brought>[] => [
  heading,
  figure("visits"),
  figure("registrations"),
  {
    name: "visit_to_registration",
    title: words.common.visitReg,
    kind: "rate",
    hint: words.common.registrationsPerVisit,
    value: ({ visits, registrations }) => (visits > 0 ? registrations / visits : null),
  },
  figure("deposits"),
];
