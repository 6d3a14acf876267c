/** The chosen figure by day or hour, as a chart and as a table. */
import { useEffect, useState } from "preact/hooks";
import { useAnswer } from "../answers.ts";
import { bucketLong, bucketShort, exact, periodText } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices } from "../panel.tsx";
import { bucketsOf, type Period } from "../period.ts";
import { metrics } from "../reports.ts";
import type { Scope } from "../scope.ts";
import { MEASURES, pointsOf, runningBucket, SERIES } from "./series.ts";
import { type Course, TrendChart } from "./trend-chart.tsx";
import { TrendTable } from "./trend-table.tsx";

export function Trend({ scope, previous }: { scope: Scope; previous: Period | undefined }) {
  const { address, go } = useNavigation();
  const [asTable, setAsTable] = useState(false);
  const answer = useAnswer(metrics(scope, scope));
  const before = useAnswer(previous ? metrics(scope, previous) : null);
  const { title, event_type } = SERIES[address.series];
  // What draws comes while the figures are on their way.
  useEffect(() => void import("./draw.ts").catch(() => undefined), []);

  return (
    <div class="trend">
      <header class="panel-header">
        <h2>
          {title} by {scope.interval}
          <span class="zone" title="All days and hours are on the project's clock">
            {scope.timezone}
          </span>
        </h2>
        <div class="panel-actions">
          <Choices
            legend="What is counted"
            options={MEASURES}
            chosen={address.measure}
            choose={(measure) => go({ measure }, "replace")}
          />
          <button type="button" class="button quiet" aria-pressed={asTable} onClick={() => setAsTable(!asTable)}>
            {asTable ? "Show as chart" : "Show as table"}
          </button>
        </div>
      </header>
      <Answered answer={answer} what="course over time" skeleton={<div class="trend-canvas bone" />}>
        {(data) => {
          // What is shown may still be the period before this one.
          const shown = bucketsOf(data, data.rows[0]?.event_hour === undefined ? scope.interval : "hour");
          const points = (rows: typeof data.rows, buckets: typeof shown) =>
            pointsOf(rows, buckets, event_type, address.measure);
          const course: Course = {
            name: address.series,
            title,
            labels: shown.map(bucketShort),
            titles: shown.map(bucketLong),
            points: points(data.rows, shown),
            running: runningBucket(shown, scope.today, scope.hour),
            interval: scope.interval,
            ...(before.data &&
              previous && {
                before: {
                  title: periodText(previous),
                  points: points(before.data.rows, bucketsOf(previous, scope.interval)),
                  titles: bucketsOf(previous, scope.interval).map(bucketLong),
                },
              }),
          };
          return asTable ? <TrendTable course={course} /> : <TrendChart course={course} summary={inWords(course)} />;
        }}
      </Answered>
    </div>
  );
}

/** What the chart says to who cannot see it; every figure is in the table. */
function inWords({ title, titles, points, running, interval }: Course): string {
  const happened = points.slice(0, running + 1);
  const most = Math.max(0, ...happened);
  const sum = exact(happened.reduce((all, point) => all + point, 0));
  if (most === 0) return `${title}: none in this period.`;
  return `${title} by ${interval}: ${sum} in all, most on ${titles[happened.indexOf(most)]} with ${exact(most)}.`;
}
