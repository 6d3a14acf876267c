/** The figures of the period as cards, and the chosen one over time. */
import type { ComponentChildren } from "preact";
import { useAnswer } from "../answers.ts";
import { ComparisonNote, ComparisonSkeleton } from "../campaigns/comparison.tsx";
import { campaigns } from "../campaigns/query.ts";
import { NoRate } from "../no-rate.tsx";
import { Answered } from "../panel.tsx";
import { isHourly } from "../period.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { Cards, CardsSkeleton } from "./cards.tsx";
import { LastHours } from "./last-hours.tsx";
import { Trend } from "./trend.tsx";

export function Headline({ scope }: { scope: Scope }) {
  const hourly = isHourly(scope.address.period);
  const answer = useAnswer(hourly ? null : campaigns(scope));
  const skeleton = (
    <>
      <CardsSkeleton />
      <ComparisonSkeleton scope={scope} />
    </>
  );
  if (hourly)
    return (
      <Titled>
        <LastHours scope={scope} skeleton={skeleton} />
        <Trend scope={scope} previous={undefined} />
      </Titled>
    );
  return (
    <Titled>
      <Answered answer={answer} what={words.common.figures} skeleton={skeleton}>
        {(data) => (
          <>
            <Cards data={data} scope={scope} />
            <ComparisonNote data={data} scope={scope} />
            <NoRate what={words.common.deposited} amounts={data.total.unconverted} principal={scope.principal} />
          </>
        )}
      </Answered>
      <Trend scope={scope} previous={answer.data?.has_earlier_data ? answer.data.previous_period : undefined} />
    </Titled>
  );
}

const Titled = ({ children }: { children: ComponentChildren }) => (
  <section class="panel headline" aria-label={words.headline.keyFiguresAndTheirCourse}>
    {children}
  </section>
);
