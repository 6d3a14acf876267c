/** What the figures are compared with, and what keeps them from it. */
import type { CampaignFigures, Campaigns } from "../../worker/reports/campaigns.ts";
import { periodText } from "../format.ts";
import type { Scope } from "../scope.ts";

type Compared = { previous?: CampaignFigures; compared?: CampaignFigures };

/** The figures to hold against each other, and what the earlier ones are of. Null where there is nothing to compare. */
export function comparisonOf(data: Campaigns, { from, today }: Scope) {
  const { previous_period, compared_days, has_earlier_data } = data;
  if (!previous_period || !has_earlier_data || today <= from) return null;
  return {
    called: periodText(compared_days?.previous ?? previous_period),
    of: <Row extends Compared & CampaignFigures>(row: Row) =>
      row.previous && { current: row.compared ?? (row as CampaignFigures), earlier: row.previous },
  };
}

/** Why nothing is compared, or not all of it; nothing where all is. */
export function ComparisonNote({ data, scope: { from, today } }: { data: Campaigns; scope: Scope }) {
  const { previous_period, compared_days, has_earlier_data } = data;
  if (!previous_period) return null;
  const note = !has_earlier_data
    ? `No earlier data: nothing is compared, since the project has no events by ${periodText({ ...previous_period, to: previous_period.from })}.`
    : today <= from
      ? "Nothing is compared, since the day is not over."
      : compared_days &&
        `Changes leave out today, which is not over: ${periodText(compared_days)} against ${periodText(compared_days.previous)}.`;
  return note ? (
    <p class="lead" data-comparison>
      {note}
    </p>
  ) : null;
}
