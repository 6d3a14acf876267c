/** The columns of the cohorts: the share that came back, a column for each day after the first, and what they have paid. */
import { NOTHING, rate } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import type { Cohort, CohortRow, Cohorts } from "./query.ts";
import { cohortText } from "./text.ts";

type Retained = CohortRow["retention"][number];

const tag: Column<CohortRow> = {
  name: "banner_tag",
  title: words.common.tag,
  kind: "text",
  hint: words.cohorts.theTagOfAVisitorFirstEvent,
  value: ({ banner_tag }) => banner_tag ?? words.common.withoutTag,
};

const cohort = (interval: Cohort): Column<CohortRow> => ({
  name: "cohort",
  title:
    interval === "day"
      ? words.cohorts.firstDay
      : interval === "week"
        ? words.cohorts.firstWeek
        : words.cohorts.firstMonth,
  kind: "date",
  show: (row) => cohortText(row.cohort, interval),
});

const players: Column<CohortRow> = {
  name: "players",
  title: words.common.visitors,
  kind: "count",
  hint: words.cohorts.whoseFirstDayLiesInIt,
};

/** What they have paid until now depends on how long ago they came: it is compared only at the same age. */
const PAID: readonly Column<CohortRow>[] = [
  {
    name: "paying_users",
    title: words.common.payers,
    kind: "count",
    hint: words.cohorts.thoseOfThemWhoHavePaid,
    uncompared: true,
  },
  {
    name: "revenue",
    title: words.common.revenue,
    kind: "money",
    currency: ({ into }) => into,
    hint: words.cohorts.whatTheyHavePaidUntilNow,
    missing: ({ unconverted }) => unconverted,
    summed: true,
    uncompared: true,
  },
  {
    name: "revenue_per_player",
    title: words.cohorts.perVisitor,
    kind: "average",
    currency: ({ into }) => into,
    hint: words.cohorts.revenueOverVisitors,
    missing: ({ unconverted }) => unconverted,
    uncompared: true,
  },
  {
    name: "net_amount",
    title: words.common.net,
    kind: "money",
    currency: ({ into }) => into,
    hint: words.common.revenueLessWhatWasRefunded,
    uncompared: true,
  },
];

/** The deeper the colour, the more came back; the number shows the same. */
function Heat({ retained: { people, active, rate: share, day }, most }: { retained: Retained; most: number }) {
  if (share === null)
    return (
      <span class="muted" title={words.cohorts.dayIsNotOverForAnyOfThem(day)}>
        {NOTHING}
      </span>
    );
  return (
    <data
      class="heat"
      value={share}
      title={words.cohorts.ofVisitorsWereActiveOnDay(active, people, day)}
      style={{ "--heat": most > 0 ? share / most : 0 }}
    >
      {rate(share)}
    </data>
  );
}

export function columnsOf({ rows, total, interval }: Pick<Cohorts, "rows" | "total" | "interval">, byTag: boolean) {
  const most = Math.max(0, ...rows.flatMap(({ retention }) => retention.map((retained) => retained.rate ?? 0)));
  const days = total.retention.map(({ day }, index): Column<CohortRow> => {
    const retainedIn = ({ retention }: CohortRow) => retention[index] as Retained;
    return {
      name: `day_${day}_rate`,
      title: words.cohorts.d(day),
      kind: "rate",
      hint: words.cohorts.activeAfterTheirFirstOf(day),
      value: (row) => retainedIn(row).rate,
      of: (row) => retainedIn(row).people,
      show: (row) => <Heat retained={retainedIn(row)} most={most} />,
    };
  });
  return [...(byTag ? [tag] : []), cohort(interval), players, ...days, ...PAID];
}
