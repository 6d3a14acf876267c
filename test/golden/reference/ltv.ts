/** Lifetime values: of each player (and of visitors who paid), by segment and in total. */
import { head, type Report } from "./ask.ts";
import type { Row } from "./database.ts";
import { average, money, type Paid, payments, segmentOf } from "./money.ts";

type Person = Row & { person: string; events: number };

const BROUGHT_BY = "coalesce(nullif(registration_tag, ''), nullif(first_tag, ''), '')";

function convertedOf(income: Paid, refund: Paid, withdrawal: Paid) {
  const spend = income.exact - refund.exact;
  return {
    spend: money(spend),
    withdrawn: money(withdrawal.exact),
    net_amount: money(spend - withdrawal.exact),
    unconverted: income.unconverted,
    refunded_unconverted: refund.unconverted,
    withdrawn_unconverted: withdrawal.unconverted,
  };
}

export const ltv: Report = async (ask) => {
  const { project, query, select } = ask;
  const asked = query.get("currency");
  const into = asked === "project" ? project.currency : asked;
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
    WHERE project_id = $project AND (p.player_id IS NOT NULL OR paid.person IS NOT NULL) AND TAGGED AND BEGUN
    ORDER BY p.player_id IS NOT NULL, coalesce(p.player_id, p.visitor_id)`);
  // All payments of a person count, whatever the tag of each.
  const of = await payments(ask, ["person"], "true");
  const inIt = into === null ? null : await payments(ask, ["person"], "true", { into });
  const worth = people
    .map(({ person, ...row }) => {
      const [income, refund] = [of([person], "income"), of([person], "refund")];
      const [withdrawal, spent] = [of([person], "withdrawal"), of([person], "spend")];
      return { person, row, income, refund, withdrawal, spend: spent.exact, segment: segmentOf(spent) };
    })
    .sort((a, b) => (a.spend < b.spend ? 1 : a.spend > b.spend ? -1 : 0));
  const sums = async (own: typeof worth) => {
    const persons = JSON.stringify(own.map(({ person }) => person));
    const together = await payments(ask, [], `list_contains(from_json($persons, '["VARCHAR"]'), person)`, { persons });
    const [income, refund, withdrawal] = [together([], "income"), together([], "refund"), together([], "withdrawal")];
    const known = Object.keys(together([], "spend").unconverted).length === 0;
    const [spend, withdrawn] = [
      own.reduce((sum, one) => sum + one.spend, 0n),
      own.reduce((sum, one) => sum + one.withdrawal.exact, 0n),
    ];
    const players = own.length;
    const converted = async (into: string) => {
      const of = await payments(ask, [], `list_contains(from_json($persons, '["VARCHAR"]'), person)`, {
        persons,
        into,
      });
      const [income, refund] = [of([], "income"), of([], "refund")];
      const isWhole = Object.keys({ ...income.unconverted, ...refund.unconverted }).length === 0;
      return {
        ...convertedOf(income, refund, of([], "withdrawal")),
        average_spend: isWhole ? average(income.exact - refund.exact, players) : null,
      };
    };
    return {
      players,
      payers: own.filter(({ income }) => income.events > 0).length,
      payments: own.reduce((sum, { income }) => sum + income.events, 0),
      spend_usd: money(spend),
      withdrawn_usd: money(withdrawn),
      net_usd: money(spend - withdrawn),
      average_spend_usd: known ? average(spend, own.length) : null,
      unconverted: income.unconverted,
      refunded_unconverted: refund.unconverted,
      withdrawn_unconverted: withdrawal.unconverted,
      ...(into !== null && { converted: await converted(into) }),
    };
  };
  const segment = query.get("segment");
  return {
    ...head(project),
    ...(into !== null && { currency: into }),
    segments: await Promise.all(
      ["whale", "dolphin", "minnow", "free", "unknown"].map(async (name) => ({
        segment: name,
        ...(await sums(worth.filter(({ segment }) => segment === name))),
      })),
    ),
    total: await sums(worth),
    rows: worth
      .map(({ person, row, income, refund, withdrawal, spend, segment }) => ({
        ...row,
        segment,
        payments: income.events,
        spend_usd: money(spend),
        withdrawn_usd: money(withdrawal.exact),
        net_usd: money(spend - withdrawal.exact),
        unconverted: income.unconverted,
        refunded_unconverted: refund.unconverted,
        withdrawn_unconverted: withdrawal.unconverted,
        ...(inIt && {
          converted: convertedOf(inIt([person], "income"), inIt([person], "refund"), inIt([person], "withdrawal")),
        }),
      }))
      .filter((row) => segment === null || row.segment === segment),
    next_cursor: null,
  };
};
