/** What a visitor of each cohort has paid so far: older cohorts have had longer. */
import { useEffect } from "preact/hooks";
import { useAnswer } from "../answers.ts";
import { COLOURS } from "../chart/axis.ts";
import { Chart, ChartSkeleton, fetchDrawing, Legend, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { exactMoney } from "../format.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { type Cohorts, cohorts } from "./query.ts";
import { cohortShort, cohortText } from "./text.ts";

/** All together as bars, or the largest tags as lines. */
function pictureOf({ rows, interval, into }: Cohorts): Picture {
  const buckets = [...new Set(rows.map(({ cohort }) => cohort))].sort();
  const tags = [...Map.groupBy(rows, ({ banner_tag }) => banner_tag)]
    .map(([tag, own]) => ({ tag, own, players: own.reduce((all, { players }) => all + players, 0) }))
    .sort((a, b) => b.players - a.players)
    .slice(0, COLOURS.length);
  return {
    name: `value ${interval} ${tags.length}`,
    bucket: "First came",
    labels: buckets.map((cohort) => cohortShort(cohort, interval)),
    titles: buckets.map((cohort) => cohortText(cohort, interval)),
    kind: "money",
    currency: into,
    lines: tags.map(({ tag, own }, index) => ({
      title: tag === undefined ? "Revenue per visitor" : (tag ?? "(no tag)"),
      colour: COLOURS[index] ?? "other",
      as: tag === undefined ? "bar" : "line",
      points: buckets.map((bucket) => {
        const value = own.find(({ cohort }) => cohort === bucket)?.revenue_per_player;
        return value == null ? null : Number(value);
      }),
    })),
  };
}

export function ValuePanel({ scope }: { scope: Scope }) {
  const answer = useAnswer(cohorts(scope));
  const [asTable, toggle] = useAsTable();
  useEffect(fetchDrawing, []);
  return (
    <Panel name="cohort-value" title="Revenue per visitor so far" actions={toggle} busy={answer.stale}>
      <Answered answer={answer} what="value of the cohorts" skeleton={<ChartSkeleton />}>
        {(data) => {
          const picture = pictureOf(data);
          return (
            <>
              {picture.lines.length > 1 && <Legend picture={picture} />}
              <Chart
                picture={picture}
                summary={`What a person of each cohort has paid until now: ${data.total.revenue_per_player === null ? "unknown" : exactMoney(data.total.revenue_per_player, data.into)} on average.`}
                asTable={asTable}
                none={
                  Object.keys(data.total.unconverted).length > 0
                    ? "Unknown: part of what they paid has no exchange rate"
                    : "Nobody of these cohorts has paid yet"
                }
              />
            </>
          );
        }}
      </Answered>
    </Panel>
  );
}
