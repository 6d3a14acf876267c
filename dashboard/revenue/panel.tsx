/** Payments: the period's figures, the figures over time, and by group. */
import { useEffect } from "preact/hooks";
import { annotations, notesOf, seesNotes } from "../annotations/query.ts";
import { useAnswer } from "../answers.ts";
import { Compared, ComparisonSkeleton, useCompared } from "../campaigns/comparison.tsx";
import { axisOf, COLOURS, firstOf, intervalIn } from "../chart/axis.ts";
import { Chart, ChartSkeleton, fetchDrawing, Legend, LegendSkeleton, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { exactMoney } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { NoRate } from "../no-rate.tsx";
import { Answered, Choices, Panel } from "../panel.tsx";
import { bucketsOf } from "../period.ts";
import type { Scope } from "../scope.ts";
import { Facts } from "../table/facts.tsx";
import { words } from "../words.ts";
import { FACTS } from "./columns.ts";
import { GROUPS, type Group, groupOf, NAMES, type Revenue, revenue, revenueTotal } from "./query.ts";
import { byGroup, namedBy, pointsOf } from "./sums.ts";

/** The grouping of the shown rows, which may still be the previous one. */
export const groupIn = ({ rows: [first] }: Revenue, scope: Scope): Group =>
  first ? (NAMES.find((name) => name !== "none" && name in first) ?? "none") : groupOf(scope);

export function RevenuePanel({ scope }: { scope: Scope }) {
  const { go } = useNavigation();
  const answer = useAnswer(revenue(scope));
  const noted = useAnswer(seesNotes(scope.principal) ? annotations(scope, scope) : null);
  const [asTable, toggle] = useAsTable();
  const held = useCompared(scope, (period) => revenueTotal(scope, period));
  const compared =
    scope.address.compare === "none"
      ? undefined
      : held && { current: held.current.total, earlier: held.earlier.total, called: held.called };
  useEffect(fetchDrawing, []);
  return (
    <Panel
      name="revenue"
      title={words.common.revenue}
      zone={scope.timezone}
      busy={answer.stale}
      actions={
        <>
          <Choices
            legend={words.common.groupBy}
            options={GROUPS}
            chosen={groupOf(scope)}
            choose={(name) => go({ group_by: name === "none" ? undefined : name }, "replace")}
          />
          {toggle}
        </>
      }
    >
      <Answered answer={answer} what={words.revenue.revenue} skeleton={<Skeleton scope={scope} />}>
        {(data) => {
          const picture = pictureOf(data, scope, noted.data?.rows ?? []);
          const { total } = data;
          return (
            <>
              <Compared scope={scope} />
              <Facts columns={FACTS} row={total} timezone={data.timezone} compared={compared} />
              <Legend picture={picture} />
              <Chart
                picture={picture}
                summary={words.revenue.revenueInByInAll(
                  data.into,
                  words.inSentence(picture.bucket),
                  exactMoney(total.amount, data.into),
                )}
                asTable={asTable}
                none={words.revenue.nothingPaidInPeriod}
              />
              <Currencies totals={total.totals ?? {}} />
              <NoRate what={words.common.paid} amounts={total.unconverted} principal={scope.principal} />
              <NoRate what={words.common.refunded} amounts={total.refunded_unconverted} principal={scope.principal} />
              <NoRate what={words.common.withdrawn} amounts={total.withdrawn_unconverted} principal={scope.principal} />
            </>
          );
        }}
      </Answered>
    </Panel>
  );
}

const Skeleton = ({ scope }: { scope: Scope }) => (
  <>
    <ComparisonSkeleton scope={scope} />
    <Facts
      columns={FACTS}
      row={undefined}
      timezone="UTC"
      compared={scope.address.compare === "none" ? undefined : null}
    />
    <LegendSkeleton />
    <ChartSkeleton />
  </>
);

/** The payments in their original currencies. */
const Currencies = ({ totals }: { totals: Readonly<Record<string, string>> }) => (
  <p class="lead currencies">
    {Object.keys(totals).length > 0 ? words.revenue.paidIn : words.revenue.nothingWasPaidInAny}
    {Object.entries(totals).map(([currency, amount], index) => (
      <span key={currency} data-currency={currency}>
        {index > 0 && " · "}
        <data value={amount}>{exactMoney(amount, currency)}</data>
      </span>
    ))}
  </p>
);

/** Stacked bars: one for each of the largest groups, and one for all others. */
function pictureOf(data: Revenue, scope: Scope, noted: Parameters<typeof notesOf>[0]): Picture {
  const group = groupIn(data, scope);
  const interval = intervalIn(data.rows, scope);
  const all = pointsOf(data.rows, data, interval);
  const first = firstOf(scope, all);
  const named = group === "none" ? [null] : byGroup(data.rows, group).map(({ value }) => value);
  const shown = named.slice(0, COLOURS.length);
  const lineOf = (title: string, colour: string, rowsOfGroup: Revenue["rows"]) => ({
    title,
    colour,
    as: "bar" as const,
    points: pointsOf(rowsOfGroup, data, interval).slice(first),
  });
  const rest = data.rows.filter((row) => !shown.includes(namedBy(row, group)));
  return {
    name: `revenue ${group} ${interval} ${shown.join(" ")}`,
    ...axisOf(data, interval, scope, first),
    notes: notesOf(noted, bucketsOf(data, interval).slice(first), data.to),
    kind: "money",
    currency: data.into,
    lines: [
      ...shown.map((value, index) =>
        lineOf(
          group === "none" ? words.common.revenue : (value ?? words.revenue.notKnown),
          group === "none" ? "deposits" : (COLOURS[index] ?? "other"),
          data.rows.filter((row) => namedBy(row, group) === value),
        ),
      ),
      ...(named.length > shown.length ? [lineOf(words.revenue.others, "other", rest)] : []),
    ],
  };
}
