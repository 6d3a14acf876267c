/** Events of bots, which no other figure includes: by day in comparison with people's, and by the reason of recognition. */
import { useEffect } from "preact/hooks";
import type { Bots } from "../../worker/reports/bots.ts";
import { useAnswer } from "../answers.ts";
import { axisOf, firstOf } from "../chart/axis.ts";
import { Chart, ChartSkeleton, fetchDrawing, Legend, LegendSkeleton, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { exact, rate } from "../format.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import { bucketOf, bucketsOf } from "../period.ts";
import { fileNameOf } from "../reports.ts";
import type { Scope } from "../scope.ts";
import type { Column } from "../table/columns.ts";
import { Facts } from "../table/facts.tsx";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { bots, botsCsv, people } from "./query.ts";
import { reasonOf } from "./reasons.ts";
import { ValuesPanel } from "./values.tsx";

const FACTS: readonly Column<Bots>[] = [
  {
    name: "people",
    title: words.quality.humanEvents,
    kind: "count",
    hint: words.quality.allButThoseOfBotsAndTests,
    value: ({ events, total }) => events - total,
  },
  {
    name: "total",
    title: words.quality.eventsOfBots,
    kind: "count",
    hint: words.quality.keptAndInNoOtherFigure,
    value: (row) => row.total,
  },
  {
    name: "share",
    title: words.quality.shareOfBots,
    kind: "rate",
    hint: words.quality.ofAllEventsButTests,
    value: ({ events, total }) => (events > 0 ? total / events : null),
  },
];

type Reason = Bots["by_reason"][number];
const COLUMNS: readonly Column<Reason>[] = [
  { name: "reason", title: words.common.reason, kind: "text", value: ({ reason }) => reasonOf(reason).title },
  { name: "total", title: words.common.events, kind: "count", share: true },
  { name: "means", title: words.quality.whatItMeans, kind: "text", value: ({ reason }) => reasonOf(reason).means },
];

const PARTS = { both: words.quality.withPeople, bots: words.quality.botsByReason } as const;

export function QualityPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const part = address.part === "bots" ? "bots" : "both";
  const answer = useAnswer(bots(scope));
  const human = useAnswer(part === "both" ? people(scope) : null);
  const [asTable, toggle] = useAsTable();
  useEffect(fetchDrawing, []);
  return (
    <div class="panels">
      <Panel
        name="quality"
        title={words.quality.botsAndPeople}
        zone={scope.timezone}
        busy={answer.stale}
        actions={
          <>
            <Choices
              legend={words.quality.whatIsDrawn}
              options={PARTS}
              chosen={part}
              choose={(name) => go({ part: name === "bots" ? name : undefined }, "replace")}
            />
            {toggle}
          </>
        }
      >
        <Answered
          answer={answer}
          what={words.quality.trafficQuality}
          skeleton={
            <>
              <Facts columns={FACTS} row={undefined} timezone="UTC" />
              <LegendSkeleton />
              <ChartSkeleton />
            </>
          }
        >
          {(data) => {
            const picture = pictureOf(data, human.data?.rows ?? [], part === "both", scope);
            const share = data.events > 0 ? data.total / data.events : null;
            return (
              <>
                <Facts columns={FACTS} row={data} timezone={data.timezone} />
                <Legend picture={picture} />
                <Chart
                  picture={picture}
                  summary={words.quality.ofEventsCameFromBots(exact(data.total), exact(data.events), rate(share))}
                  asTable={asTable}
                  none={words.quality.nothingCameInThisPeriod}
                />
              </>
            );
          }}
        </Answered>
      </Panel>
      <Panel
        name="reasons"
        title={words.quality.howBotsWereRecognised}
        actions={<TableTools csv={{ url: botsCsv(scope), name: `${fileNameOf(null, scope, "bots")}.csv` }} />}
      >
        <Answered answer={answer} what={words.quality.reasons} skeleton={<TableSkeleton columns={COLUMNS} rows={4} />}>
          {({ by_reason, total, timezone }) => (
            <DataTable
              name={words.common.reasons}
              columns={COLUMNS}
              rows={by_reason}
              keyOf={({ reason }) => reason}
              timezone={timezone}
              sort="-total"
              total={{ reason: "", total }}
              none={<p>{words.quality.noBotWasSeenInThisPeriod}</p>}
              aside
            />
          )}
        </Answered>
      </Panel>
      {(answer.data || answer.error) && <ValuesPanel scope={scope} />}
    </div>
  );
}

type Counted = { event_date: string; total: number };

function pictureOf(data: Bots, human: readonly Counted[], withPeople: boolean, scope: Scope): Picture {
  const interval = scope.interval === "hour" ? "day" : scope.interval;
  const buckets = bucketsOf(data, interval);
  const points = (rows: readonly Counted[]) =>
    buckets.map(({ event_date }) =>
      rows.reduce((all, row) => all + (bucketOf(row.event_date, interval, data) === event_date ? row.total : 0), 0),
    );
  const all = points([...data.rows, ...human]);
  const first = firstOf(scope, all);
  const line = (title: string, colour: string, rows: readonly Counted[]) => ({
    title,
    colour,
    as: "bar" as const,
    points: points(rows).slice(first),
  });
  const reasons = data.by_reason.map(({ reason }) => {
    const { title, colour } = reasonOf(reason);
    return line(
      title,
      colour,
      data.rows.filter((row) => row.reason === reason),
    );
  });
  return {
    name: `quality ${interval} ${withPeople}`,
    ...axisOf(data, interval, scope, first),
    kind: "count",
    lines: withPeople
      ? [line(words.quality.people, "visits", human), line(words.common.bots, "registrations", data.rows)]
      : reasons,
  };
}
