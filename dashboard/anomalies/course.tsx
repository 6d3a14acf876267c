/** A dialog with the chart of an anomaly and the days around it. */
import { daysBetween } from "../../worker/calendar.ts";
import { Dialog } from "../act/dialog.tsx";
import { NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { axisOf } from "../chart/axis.ts";
import { Chart, ChartSkeleton, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { Link } from "../link.tsx";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { courseOf } from "./band.ts";
import { type Anomaly, drawnDays, seriesAbout } from "./query.ts";
import { isConversion, measureText } from "./words.ts";

const COLOURS: Record<string, string> = { visit: "visits", registration: "registrations", deposit: "deposits" };

type Shown = { anomaly: Anomaly; watched: number; scope: Scope; close: () => void };

export function Course({ anomaly, watched, scope, close }: Shown) {
  const { banner_tag, event_date, measure, message, days } = anomaly;
  const answer = useAnswer(seriesAbout(scope, anomaly));
  const [asTable, toggle] = useAsTable();
  const period = drawnDays(anomaly, scope.today);
  return (
    <Dialog title={`${banner_tag ?? words.common.allTags}: ${measureText(measure)}`} close={close} wide>
      <p class="lead">{message}</p>
      <Answered answer={answer} what={words.anomalies.course} skeleton={<ChartSkeleton />}>
        {({ rows }) => {
          const course = courseOf(rows, period, anomaly, watched, scope.today);
          const title =
            days > 1 ? words.anomalies.daysUpToEach(measureText(course.measure), days) : measureText(course.measure);
          const picture: Picture = {
            name: `${banner_tag} ${course.measure} ${event_date}`,
            ...axisOf(period, "day", scope),
            marked: daysBetween(period.from, event_date) - 1,
            kind: course.measure === measure && isConversion(anomaly) ? "rate" : "count",
            lines: [
              { title: words.anomalies.expectedAtLeast, colour: "other", as: "edge", points: course.low },
              { title: words.anomalies.expectedAtMost, colour: "other", as: "edge", points: course.high },
              { title, colour: COLOURS[course.measure] ?? "series-6", as: "line", points: course.values },
            ],
          };
          return <Chart picture={picture} summary={message} asTable={asTable} none="" />;
        }}
      </Answered>
      <p class="lead">
        {words.anomalies.shadedTheExpectedRange}
        {days > 1 && words.anomalies.eachPointIsOfDays(days)}
        {period.to === scope.today && words.anomalies.todayIsJudgedLater}
      </p>
      <p class="dialog-actions">
        {toggle}
        <Link
          class="button"
          to={{
            ...NO_FILTERS,
            ...(banner_tag === null ? { view: "overview" } : { view: "campaigns", banner_tag: [banner_tag] }),
            period: { from: event_date, to: event_date },
            compare: "weekday",
          }}
        >
          {banner_tag === null ? words.anomalies.overviewOfThatDay : words.anomalies.campaignOnThatDay}
        </Link>
      </p>
    </Dialog>
  );
}
