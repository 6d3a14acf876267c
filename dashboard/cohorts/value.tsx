/** What a visitor of each cohort had paid by each day after the first. A day that is not over for a cohort has no point. */
import { useEffect } from "preact/hooks";
import { useAnswer } from "../answers.ts";
import { COLOURS } from "../chart/axis.ts";
import { Chart, ChartSkeleton, fetchDrawing, Legend, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { exactMoney, periodText } from "../format.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { type ComparedCohorts, comparedCohorts, type Held } from "./compared.ts";
import type { CohortRow } from "./query.ts";
import { cohortText } from "./text.ts";

/** The mean of several cohorts, weighted by their people; null if no day is over, or an amount has no exchange rate. */
function valueAfter(rows: readonly Pick<CohortRow, "value">[], index: number): number | null {
  const over = rows.flatMap(({ value }) => value[index] ?? []).filter(({ people }) => people > 0);
  const people = over.reduce((all, value) => all + value.people, 0);
  if (people === 0 || over.some(({ revenue_per_player }) => revenue_per_player === null)) return null;
  return over.reduce((all, value) => all + value.people * Number(value.revenue_per_player), 0) / people;
}

/** All cohorts of a period together. */
const allOf = ({ total }: Held["current"], title: string, colour: string, as: "line" | "faint") => ({
  title,
  colour,
  as,
  points: total.value.map((_, index) => valueAfter([total], index)),
});

/** A line for each of the latest cohorts, or for each of the largest tags. */
function pictureOf({ rows, total, interval, into, held }: ComparedCohorts): Picture {
  const byTag = rows.some((row) => "banner_tag" in row);
  const size = (cohorts: readonly CohortRow[]) => cohorts.reduce((all, { players }) => all + players, 0);
  const groups = byTag
    ? [...Map.groupBy(rows, ({ banner_tag }) => banner_tag ?? words.common.withoutTag)].sort(
        ([, a], [, b]) => size(b) - size(a),
      )
    : [...Map.groupBy(rows, ({ cohort }) => cohortText(cohort, interval))].slice(-COLOURS.length);
  const days = total.value.map(({ day }) => day);
  return {
    name: `value ${interval} ${groups.length} ${held ? "compared" : ""}`,
    bucket: words.cohorts.after,
    labels: days.map((day) => words.cohorts.d(day)),
    titles: days.map((day) => words.cohorts.day(day)),
    kind: "money",
    currency: into,
    lines: [
      ...groups.slice(0, COLOURS.length).map(([title, cohorts], index) => ({
        title,
        colour: COLOURS[index] ?? "other",
        as: "line" as const,
        points: days.map((_, day) => valueAfter(cohorts, day)),
      })),
      ...(held
        ? [
            allOf(held.current, words.cohorts.allOf(periodText(held.current)), "other", "line"),
            allOf(held.earlier, words.cohorts.allOf(held.called), "before", "faint"),
          ]
        : []),
    ],
  };
}

export function ValuePanel({ scope }: { scope: Scope }) {
  const answer = useAnswer(comparedCohorts(scope));
  const [asTable, toggle] = useAsTable();
  useEffect(fetchDrawing, []);
  return (
    <Panel name="cohort-value" title={words.cohorts.revenuePerVisitorByAge} actions={toggle} busy={answer.stale}>
      <Answered answer={answer} what={words.cohorts.valueOfTheCohorts} skeleton={<ChartSkeleton />}>
        {(data) => {
          const picture = pictureOf(data);
          return (
            <>
              {picture.lines.length > 1 && <Legend picture={picture} />}
              <Chart
                picture={picture}
                summary={words.cohorts.whatAVisitorOfEachCohort(
                  data.total.revenue_per_player === null
                    ? words.common.unknown
                    : exactMoney(data.total.revenue_per_player, data.into),
                )}
                asTable={asTable}
                none={
                  Object.keys(data.total.unconverted).length > 0
                    ? words.cohorts.unknownPartOfWhatTheyPaid
                    : words.cohorts.nobodyOfTheseCohortsHas
                }
              />
            </>
          );
        }}
      </Answered>
    </Panel>
  );
}
