/** The chosen figure over time, as a chart and as a table. */
import { useEffect, useState } from "preact/hooks";
import { useAmounts } from "../amounts.ts";
import { NotesDialog } from "../annotations/dialog.tsx";
import { annotations, notesOf, seesNotes } from "../annotations/query.ts";
import { useAnswer } from "../answers.ts";
import { axisOf, firstOf, intervalIn } from "../chart/axis.ts";
import { Chart, ChartSkeleton, fetchDrawing, Legend, LegendSkeleton, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { bucketLong, periodText, spoken, titled } from "../format.ts";
import { Link } from "../link.tsx";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Zone } from "../panel.tsx";
import { bucketsOf, type Interval, intervalsOf, isHourly, lastHours, type Period } from "../period.ts";
import type { Scope } from "../scope.ts";
import { inWords } from "../table/value.tsx";
import { words } from "../words.ts";
import { course } from "./query.ts";
import { countedOf, isCounted, MEASURES, pointsOf, SERIES } from "./series.ts";

export function Trend({ scope, previous }: { scope: Scope; previous: Period | undefined }) {
  const { address } = scope;
  const { go } = useNavigation();
  const [asTable, toggle] = useAsTable();
  // When the hours are in two days, the hours to compare with are in the same answer.
  const hours = isHourly(address.period) ? lastHours(scope.today, scope.hour) : undefined;
  const answer = useAnswer(course(scope, hours?.days ?? scope));
  const before = useAnswer(previous && !hours ? course(scope, previous) : null);
  const noted = useAnswer(seesNotes(scope.principal) ? annotations(scope, hours?.days ?? scope) : null);
  const [reading, read] = useState(false);
  const amounts = useAmounts();
  // A project without a rule has no NGR: its answer has deposits.
  const chosen = address.series === "ngr" && answer.data?.of === "amount" ? "amount" : address.series;
  const { title } = SERIES[chosen];
  const [shortest, ...longer] = intervalsOf(scope);
  const intervals = [shortest, ...longer].filter((name) => name !== "hour" || chosen !== "first_deposits");
  // A placeholder is shown until the other period arrives.
  const isCompared = address.compare !== "none";
  useEffect(fetchDrawing, []);

  return (
    <div class="trend">
      <header class="panel-header">
        <h2>
          {words.headline.by(title, spoken(scope.interval))}
          <Zone timezone={scope.timezone} />
        </h2>
        <div class="panel-actions">
          {intervals.length > 1 && (
            <Choices
              legend={words.headline.interval}
              options={Object.fromEntries(intervals.map((name) => [name, titled(name)])) as Record<Interval, string>}
              chosen={scope.interval}
              choose={(interval) => go({ interval: interval === shortest ? "auto" : interval }, "replace")}
            />
          )}
          {amounts && (chosen === "deposits" || chosen === "amount") && (
            <Choices
              legend={words.headline.amountOrCount}
              options={{ amount: words.common.amount, deposits: words.headline.count }}
              chosen={chosen}
              choose={(series) => go({ series }, "replace")}
            />
          )}
          {isCounted(scope.interval, address.series) && (
            <Choices
              legend={words.headline.whatIsCounted}
              options={MEASURES}
              chosen={address.measure}
              choose={(measure) => go({ measure }, "replace")}
            />
          )}
          {toggle}
          {seesNotes(scope.principal) && (
            <button type="button" class="button quiet" onClick={() => read(true)}>
              {words.headline.notes}
            </button>
          )}
        </div>
      </header>
      <Answered
        answer={answer}
        what={words.headline.courseOverTime}
        skeleton={
          <>
            {isCompared && <LegendSkeleton />}
            <ChartSkeleton />
          </>
        }
      >
        {(data) => {
          const interval = intervalIn(data.rows, scope);
          // The shown answer may still have counts when amounts were requested, or the other way round.
          const series = data.of ?? countedOf(address.series);
          const { title, event_type } = SERIES[series];
          const compared = previous && before.data?.of === data.of ? before.data : undefined;
          const measure = isCounted(interval, series) ? address.measure : "total";
          const points = pointsOf(data.rows, data, interval, event_type, measure);
          const first = hours?.begin ?? firstOf(scope, points);
          const buckets = bucketsOf(data, interval).slice(first, hours?.end);
          const picture: Picture = {
            name: `${series} ${interval}`,
            ...(noted.data && { notes: notesOf(noted.data.rows, buckets, data.to) }),
            ...axisOf(data, interval, scope, first, hours?.end),
            ...(data.into === undefined ? { kind: "count" } : { kind: "money", currency: data.into }),
            lines: [
              {
                title,
                ...(compared && { legend: `${title}, ${periodText(data)}` }),
                colour: series.replace("_", "-"),
                // NGR can be below zero, and a bar cannot.
                as: data.of === undefined ? "filled" : data.of === "ngr" ? "line" : "bar",
                points: points.slice(first, hours?.end),
              },
              ...(hours && isCompared
                ? [
                    {
                      title: words.headline.hoursBefore,
                      colour: "before",
                      as: "faint" as const,
                      points: points.slice(hours.before, hours.begin),
                      titles: bucketsOf(data, interval).slice(hours.before, hours.begin).map(bucketLong),
                    },
                  ]
                : []),
              ...(compared && previous
                ? [
                    {
                      title: periodText(previous),
                      legend: `${title}, ${periodText(previous)}`,
                      colour: "before",
                      as: "faint" as const,
                      points: pointsOf(compared.rows, previous, interval, event_type, measure),
                      titles: bucketsOf(previous, interval).map(bucketLong),
                    },
                  ]
                : []),
            ],
          };
          return (
            <>
              {address.series === "ngr" && data.of === "amount" && (
                <p class="lead" data-no-ngr>
                  {words.headline.noNgrRule(
                    scope.principal.role === "admin" && <Link to={{ view: "projects" }}>{words.common.projects}</Link>,
                  )}
                </p>
              )}
              {isCompared && <Legend picture={picture} />}
              <Chart
                picture={picture}
                summary={summaryOf(picture)}
                asTable={asTable}
                none={words.headline.noInThisPeriod(words.inSentence(title))}
              />
            </>
          );
        }}
      </Answered>
      {reading && <NotesDialog scope={scope} close={() => read(false)} />}
    </div>
  );
}

function summaryOf({ titles, lines: [line], running = titles.length, bucket, kind, currency }: Picture): string {
  const happened = (line?.points ?? []).slice(0, running + 1).map((point) => point ?? 0);
  const most = Math.max(...happened);
  const textOf = (figure: number) => inWords(kind, kind === "money" ? figure.toFixed(2) : figure, currency);
  const sum = textOf(happened.reduce((all, point) => all + point, 0));
  if (!happened.some(Boolean)) return words.headline.noneInThisPeriod(line?.title ?? "");
  return words.headline.byInAllMostOnWith(
    line?.title ?? "",
    words.inSentence(bucket),
    sum,
    titles[happened.indexOf(most)] ?? "",
    textOf(most),
  );
}
