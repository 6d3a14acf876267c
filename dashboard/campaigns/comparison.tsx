/** The period that figures are compared with, or why there is no comparison. */
import type { CampaignFigures, Campaigns } from "../../worker/reports/campaigns.ts";
import { type Query, useAnswer } from "../answers.ts";
import { periodText } from "../format.ts";
import type { Period } from "../period.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { campaigns } from "./query.ts";

type Compared = { previous?: CampaignFigures; compared?: CampaignFigures };

/** The figures to compare, and the earlier period. Null if there is nothing to compare. */
export function comparisonOf(data: Campaigns, { from, today }: Scope) {
  const { previous_period, compared_days, has_earlier_data } = data;
  if (!previous_period || !has_earlier_data || today <= from) return null;
  return {
    called: periodText(compared_days?.previous ?? previous_period),
    of: <Row extends Compared & CampaignFigures>(row: Row) =>
      row.previous && { current: row.compared ?? (row as CampaignFigures), earlier: row.previous },
  };
}

/** The answers for both compared periods. Null until both have arrived, or if nothing is compared. */
export function useCompared<Data>(scope: Scope | null, ask: (period: Period) => Query<Data>) {
  const { data, stale } = useAnswer(scope && scope.address.compare !== "none" ? campaigns(scope) : null);
  const comparison = scope && data && !stale ? comparisonOf(data, scope) : null;
  const earlier = comparison && (data?.compared_days?.previous ?? data?.previous_period);
  const now = useAnswer(scope && comparison ? ask(data?.compared_days ?? scope) : null);
  const then = useAnswer(earlier ? ask(earlier) : null);
  if (!comparison || !now.data || !then.data || now.stale || then.stale) return null;
  return { current: now.data, earlier: then.data, called: comparison.called };
}

/** The compared period, for a panel whose answer does not name it. */
export function Compared({ scope }: { scope: Scope }) {
  const { data } = useAnswer(scope.address.compare === "none" ? null : campaigns(scope));
  return data ? <ComparisonNote data={data} scope={scope} /> : <ComparisonSkeleton scope={scope} />;
}

/** The compared period, or why there are no changes. Always shown when a comparison is chosen, so that nothing moves. */
export function ComparisonNote({ data, scope: { from, today } }: { data: Campaigns; scope: Scope }) {
  const { previous_period, compared_days, has_earlier_data } = data;
  if (!previous_period) return null;
  return (
    <p class="lead comparison">
      {!has_earlier_data
        ? words.campaigns.noEarlierDataSoNothingIs
        : today <= from
          ? words.campaigns.todayIsNotOverSoChangesAre
          : compared_days
            ? words.campaigns.changesAreWithoutToday(periodText(compared_days), periodText(compared_days.previous))
            : words.campaigns.comparedWith(periodText(previous_period))}
    </p>
  );
}

export const ComparisonSkeleton = ({ scope: { address } }: { scope: Scope }) =>
  address.compare === "none" ? null : (
    <p class="lead comparison" aria-hidden="true">
      <span class="bone">Compared with 00 – 00 Mon 0000</span>
    </p>
  );
