/** The columns of the cohorts: who came back, a column for each day after the first, and what they have paid. */
import { NOTHING, rate } from "../format.ts";
import type { Column } from "../table/columns.ts";
import type { Cohort, CohortRow, Cohorts } from "./query.ts";
import { cohortText } from "./text.ts";

type Retained = CohortRow["retention"][number];

const tag: Column<CohortRow> = {
  name: "banner_tag",
  title: "Tag",
  kind: "text",
  hint: "The tag of a visitor's first event",
  value: ({ banner_tag }) => banner_tag ?? "(no tag)",
};

const cohort = (interval: Cohort): Column<CohortRow> => ({
  name: "cohort",
  title: interval === "day" ? "First day" : interval === "week" ? "First week" : "First month",
  kind: "date",
  show: (row) => cohortText(row.cohort, interval),
});

const players: Column<CohortRow> = {
  name: "players",
  title: "Visitors",
  kind: "count",
  hint: "Whose first day lies in it, visitors included",
};

const PAID: readonly Column<CohortRow>[] = [
  {
    name: "paying_users",
    title: "Payers",
    kind: "count",
    hint: "Those of them who have paid",
  },
  {
    name: "revenue",
    title: "Revenue",
    kind: "money",
    currency: ({ into }) => into,
    hint: "What they have paid until now",
    missing: ({ unconverted }) => unconverted,
    summed: true,
  },
  {
    name: "revenue_per_player",
    title: "Per visitor",
    kind: "average",
    currency: ({ into }) => into,
    hint: "Revenue over visitors",
    missing: ({ unconverted }) => unconverted,
  },
  {
    name: "net_amount",
    title: "Net",
    kind: "money",
    currency: ({ into }) => into,
    hint: "Revenue less what was refunded and withdrawn",
  },
];

/** The deeper the colour, the more came back; the number says the same. */
function Heat({ retained: { people, active, rate: of, day }, most }: { retained: Retained; most: number }) {
  if (of === null)
    return (
      <span class="muted" title={`Day ${day} is not over for any of them`}>
        {NOTHING}
      </span>
    );
  return (
    <data
      class="heat"
      value={of}
      title={`${active} of ${people} visitors were active on day ${day}`}
      style={{ "--heat": most > 0 ? of / most : 0 }}
    >
      {rate(of)}
    </data>
  );
}

export function columnsOf({ rows, total, interval }: Pick<Cohorts, "rows" | "total" | "interval">, byTag: boolean) {
  const most = Math.max(0, ...rows.flatMap(({ retention }) => retention.map((retained) => retained.rate ?? 0)));
  const days = total.retention.map(({ day }, index): Column<CohortRow> => {
    const of = ({ retention }: CohortRow) => retention[index] as Retained;
    return {
      name: `day_${day}_rate`,
      title: `D${day}`,
      kind: "rate",
      hint: `Active ${day === 1 ? "on the day" : `${day} days`} after their first, of those for whom it is over`,
      value: (row) => of(row).rate,
      show: (row) => <Heat retained={of(row)} most={most} />,
    };
  });
  return [...(byTag ? [tag] : []), cohort(interval), players, ...days, ...PAID];
}
