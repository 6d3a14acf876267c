/** The chosen figure over time, as a chart and as a table. */
import { useEffect } from "preact/hooks";
import { useAnswer } from "../answers.ts";
import { axisOf, firstOf, intervalIn } from "../chart/axis.ts";
import { Chart, ChartSkeleton, fetchDrawing, Legend, LegendSkeleton, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { bucketLong, exact, periodText, words } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Zone } from "../panel.tsx";
import { bucketsOf, type Interval, intervalsOf, type Period } from "../period.ts";
import type { Scope } from "../scope.ts";
import { metrics } from "./query.ts";
import { isCounted, MEASURES, pointsOf, SERIES } from "./series.ts";

export function Trend({ scope, previous }: { scope: Scope; previous: Period | undefined }) {
  const { address, go } = useNavigation();
  const [asTable, toggle] = useAsTable();
  const answer = useAnswer(metrics(scope, scope));
  const before = useAnswer(previous ? metrics(scope, previous) : null);
  const { title, event_type } = SERIES[address.series];
  const intervals = intervalsOf(scope);
  // Its place is held until the other period is there.
  const compared = address.compare !== "none";
  useEffect(fetchDrawing, []);

  return (
    <div class="trend">
      <header class="panel-header">
        <h2>
          {title} by {scope.interval}
          <Zone timezone={scope.timezone} />
        </h2>
        <div class="panel-actions">
          {intervals.length > 1 && (
            <Choices
              legend="Interval"
              options={Object.fromEntries(intervals.map((name) => [name, words(name)])) as Record<Interval, string>}
              chosen={scope.interval}
              choose={(interval) => go({ interval: interval === intervals[0] ? "auto" : interval }, "replace")}
            />
          )}
          {isCounted(scope.interval) && (
            <Choices
              legend="What is counted"
              options={MEASURES}
              chosen={address.measure}
              choose={(measure) => go({ measure }, "replace")}
            />
          )}
          {toggle}
        </div>
      </header>
      <Answered
        answer={answer}
        what="course over time"
        skeleton={
          <>
            {compared && <LegendSkeleton />}
            <ChartSkeleton />
          </>
        }
      >
        {(data) => {
          const interval = intervalIn(data.rows, scope);
          const measure = isCounted(interval) ? address.measure : "total";
          const points = pointsOf(data.rows, data, interval, event_type, measure);
          const first = firstOf(scope, points);
          const picture: Picture = {
            name: `${address.series} ${interval}`,
            ...axisOf(data, interval, scope, first),
            kind: "count",
            lines: [
              {
                title,
                ...(before.data && previous && { legend: `${title}, ${periodText(data)}` }),
                colour: address.series,
                as: "filled",
                points: points.slice(first),
              },
              ...(before.data && previous
                ? [
                    {
                      title: periodText(previous),
                      legend: `${title}, ${periodText(previous)}`,
                      colour: "before",
                      as: "faint" as const,
                      points: pointsOf(before.data.rows, previous, interval, event_type, measure),
                      titles: bucketsOf(previous, interval).map(bucketLong),
                    },
                  ]
                : []),
            ],
          };
          return (
            <>
              {compared && <Legend picture={picture} />}
              <Chart
                picture={picture}
                summary={inWords(picture)}
                asTable={asTable}
                none={`No ${title.toLowerCase()} in this period`}
              />
            </>
          );
        }}
      </Answered>
    </div>
  );
}

function inWords({ titles, lines: [line], running = titles.length, bucket }: Picture): string {
  const happened = (line?.points ?? []).slice(0, running + 1).map((point) => point ?? 0);
  const most = Math.max(0, ...happened);
  const sum = exact(happened.reduce((all, point) => all + point, 0));
  if (most === 0) return `${line?.title}: none in this period.`;
  return `${line?.title} by ${bucket.toLowerCase()}: ${sum} in all, most on ${titles[happened.indexOf(most)]} with ${exact(most)}.`;
}
