/** The figures of the period as cards, and the one that is chosen over time. */
import { useAnswer } from "../answers.ts";
import { ComparisonNote, ComparisonSkeleton } from "../campaigns/comparison.tsx";
import { campaigns } from "../campaigns/query.ts";
import { NoRate } from "../no-rate.tsx";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Cards, CardsSkeleton } from "./cards.tsx";
import { Trend } from "./trend.tsx";

export function Headline({ scope }: { scope: Scope }) {
  const answer = useAnswer(campaigns(scope));
  return (
    <section class="panel headline" aria-label="Key figures and their course">
      <Answered
        answer={answer}
        what="figures"
        skeleton={
          <>
            <CardsSkeleton />
            <ComparisonSkeleton scope={scope} />
          </>
        }
      >
        {(data) => (
          <>
            <Cards data={data} scope={scope} />
            <ComparisonNote data={data} scope={scope} />
            <NoRate what="Deposited" amounts={data.total.unconverted} principal={scope.principal} />
          </>
        )}
      </Answered>
      <Trend scope={scope} previous={answer.data?.has_earlier_data ? answer.data.previous_period : undefined} />
    </section>
  );
}
