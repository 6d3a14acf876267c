/** How long people took from each step to the next. */
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import type { TimedFunnelStep } from "../../worker/reports/funnel.ts";
import { useAnswer } from "../answers.ts";
import { Chart, ChartSkeleton, fetchDrawing, useAsTable } from "../chart/chart.tsx";
import type { Picture } from "../chart/picture.ts";
import { duration, exact, spoken, titled } from "../format.ts";
import { Answered, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { funnel } from "./query.ts";

const COLOURS: Record<TimedFunnelStep["event_type"], string> = {
  visit: "visits",
  registration: "registrations",
  first_deposit: "first-deposits",
  repeat_deposit: "deposits",
};

const STEPS = Object.keys(COLOURS) as TimedFunnelStep["event_type"][];

export function TimesPanel({ scope }: { scope: Scope }) {
  const answer = useAnswer(funnel(scope));
  const [asTable, toggle] = useAsTable();
  useEffect(fetchDrawing, []);
  return (
    <Panel name="times" title={words.funnel.timeToConvert} actions={toggle} busy={answer.stale}>
      <Answered answer={answer} what={words.funnel.times} skeleton={<Passages show={() => <ChartSkeleton />} />}>
        {({ steps }) => (
          <Passages
            show={(name) => {
              const step = steps.find(({ event_type }) => event_type === name);
              return step && <Times step={step} asTable={asTable} />;
            }}
          />
        )}
      </Answered>
    </Panel>
  );
}

/** A figure for each passage between steps, side by side if there is room. */
const Passages = ({ show }: { show: (step: TimedFunnelStep["event_type"]) => ComponentChildren }) => (
  <div class="passages">
    {STEPS.slice(1).map((name, index) => (
      <section key={name} aria-labelledby={`time-${name}`}>
        <h3 id={`time-${name}`}>
          {titled(STEPS[index] ?? "")} → {spoken(name)}
        </h3>
        {show(name)}
      </section>
    ))}
  </div>
);

function Times({ step, asTable }: { step: TimedFunnelStep; asTable: boolean }) {
  const { event_type, times_from_previous: times, median_seconds_from_previous: median } = step;
  const longest = times.findLast(({ seconds_up_to }) => seconds_up_to !== null)?.seconds_up_to ?? null;
  const name = spoken(event_type);
  const picture: Picture = {
    name: event_type,
    bucket: words.funnel.timeTaken,
    labels: times.map(({ seconds_up_to }) => (seconds_up_to === null ? words.funnel.more : duration(seconds_up_to))),
    titles: times.map(({ seconds_up_to }) =>
      seconds_up_to === null ? words.funnel.moreThan(duration(longest)) : words.funnel.upTo(duration(seconds_up_to)),
    ),
    kind: "count",
    lines: [
      {
        title: words.common.visitors,
        colour: COLOURS[event_type],
        as: "bar",
        points: times.map(({ players }) => players),
      },
    ],
  };
  const all = times.reduce((sum, { players }) => sum + players, 0);
  return (
    <Chart
      picture={picture}
      summary={words.funnel.howLongVisitorsTookToTheir(exact(all), name, duration(median))}
      asTable={asTable}
      none={words.funnel.nobodyYet}
    />
  );
}
