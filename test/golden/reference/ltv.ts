/** Lifetime values: of each player (and of visitors who paid), by segment and in all. */
import { head, type Report } from "./ask.ts";
import type { Row } from "./database.ts";
import { average, money, payments, segmentOf } from "./money.ts";

type Person = Row & { person: string; events: number };

const BROUGHT_BY = "coalesce(nullif(registration_tag, ''), nullif(first_tag, ''), '')";

export const ltv: Report = async (ask) => {
  const { project, query, select } = ask;
  const people = await select<Person>(`
    WITH paid AS (
      SELECT person, min(event_date) FILTER (event_type IN ('purchase', 'deposit')) AS first_purchase_date,
        max(event_date) FILTER (event_type IN ('purchase', 'deposit')) AS last_purchase_date
      FROM payments WHERE project_id = $project GROUP BY person
    )
    SELECT p.person, p.player_id, CASE WHEN p.player_id IS NULL THEN p.visitor_id END AS visitor_id,
      nullif(banner_tag, '') AS banner_tag, iso(first_seen) AS first_seen, iso(last_event_at) AS last_event_at,
      last_day::DATE - first_day::DATE AS lifetime_days, first_purchase_date, last_purchase_date
    FROM (SELECT *, ${BROUGHT_BY} AS banner_tag FROM persons) p LEFT JOIN paid USING (person)
    WHERE project_id = $project AND (p.player_id IS NOT NULL OR paid.person IS NOT NULL) AND TAGGED
    ORDER BY p.player_id IS NOT NULL, coalesce(p.player_id, p.visitor_id)`);
  // A person's payments are all of theirs, whatever tag each counts for.
  const of = await payments(ask, ["person"], "true");
  const worth = people
    .map(({ person, ...row }) => {
      const [income, refund] = [of([person], "income"), of([person], "refund")];
      const [withdrawal, spend] = [of([person], "withdrawal"), of([person], "spend").exact];
      return { row, income, refund, withdrawal, spend };
    })
    .sort((a, b) => (a.spend < b.spend ? 1 : a.spend > b.spend ? -1 : 0));
  const sums = (own: typeof worth) => {
    const [spend, withdrawn] = [
      own.reduce((sum, one) => sum + one.spend, 0n),
      own.reduce((sum, one) => sum + one.withdrawal.exact, 0n),
    ];
    return {
      players: own.length,
      payers: own.filter(({ income }) => income.events > 0).length,
      payments: own.reduce((sum, { income }) => sum + income.events, 0),
      spend_usd: money(spend),
      withdrawn_usd: money(withdrawn),
      net_usd: money(spend - withdrawn),
      average_spend_usd: average(spend, own.length),
    };
  };
  const persons = JSON.stringify(people.map(({ person }) => person));
  const together = await payments(ask, [], `list_contains(from_json($persons, '["VARCHAR"]'), person)`, { persons });
  const segment = query.get("segment");
  return {
    ...head(project),
    segments: ["whale", "dolphin", "minnow", "free"].map((name) => ({
      segment: name,
      ...sums(worth.filter(({ spend }) => segmentOf(spend) === name)),
    })),
    total: {
      ...sums(worth),
      unconverted: together([], "income").unconverted,
      refunded_unconverted: together([], "refund").unconverted,
      withdrawn_unconverted: together([], "withdrawal").unconverted,
    },
    rows: worth
      .map(({ row, income, refund, withdrawal, spend }) => ({
        ...row,
        segment: segmentOf(spend),
        payments: income.events,
        spend_usd: money(spend),
        withdrawn_usd: money(withdrawal.exact),
        net_usd: money(spend - withdrawal.exact),
        unconverted: income.unconverted,
        refunded_unconverted: refund.unconverted,
        withdrawn_unconverted: withdrawal.unconverted,
      }))
      .filter((row) => segment === null || row.segment === segment),
    next_cursor: null,
  };
};
