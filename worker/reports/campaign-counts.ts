/** What each banner tag brought in a period, counted from rows of days or from the tables. */
import { type SQL, sql } from "drizzle-orm";
import { addDays, daysBetween } from "../calendar.ts";
import { ANY_TAG } from "../figures/scopes.ts";
import type { Project } from "../project.ts";
import type { Database } from "../store/database.ts";
import { words } from "../store/sql.ts";
import { CAMPAIGN_PAYMENTS, campaignsOfDays } from "./days/campaigns.ts";
import type { DaysScope } from "./days/scope.ts";
import { sumsOf } from "./days/sums.ts";
import { onlyTags, type Period } from "./period.ts";
import { type Sum, sums } from "./usd.ts";

export const COUNTS = [
  "visits",
  "unique_players",
  "registrations",
  "first_deposits",
  "new_depositors",
  "returning_depositors",
  "depositors",
  "deposits",
] as const;
type Count = (typeof COUNTS)[number];
type Counts = Record<Count, number>;
export const noCounts = (): Counts => Object.fromEntries(COUNTS.map((name) => [name, 0])) as Counts;

type Tagged<Name extends Count> = { banner_tag: string } & Record<Name, number>;
type Depositors = "depositors" | "returning_depositors" | "first_deposits" | "new_depositors";
export type Paid = Sum & { banner_tag: string; event_type: (typeof CAMPAIGN_PAYMENTS)[number] };
export type Campaign = { counts: Counts; paid: Paid[] };

/** What each tag brought, and all tags together. */
type Brought = { campaigns: Map<string, Campaign>; total: Campaign };

/** From rows of days. */
export async function fromDays(db: Database, { currency }: Project, period: Period, days: DaysScope): Promise<Brought> {
  const { campaigns, total } = await campaignsOfDays(db.$client, days, period);
  // Rates are looked up once: the payments of all tags together include those of each tag.
  const tags = [...campaigns];
  const paid = tags.flatMap(([banner_tag, campaign]) => campaign.paid.map((row) => ({ ...row, banner_tag })));
  const all = await sumsOf(db, [...paid, ...total.paid.map((row) => ({ ...row, banner_tag: ANY_TAG }))], currency);
  const byTag = Map.groupBy(all, (row) => row.banner_tag);
  const campaignOf = (name: string, counts: Counts): Campaign => ({
    counts: { ...noCounts(), ...counts },
    paid: byTag.get(name) ?? [],
  });
  return {
    campaigns: new Map(tags.map(([name, { counts }]) => [name, campaignOf(name, counts)])),
    total: campaignOf(ANY_TAG, total.counts),
  };
}

/** From the tables. Amounts that are already in the requested currency need no rate, and no date. */
export async function fromTables(
  db: Database,
  { project_id, currency }: Project,
  { from, to }: Period,
  tags: string[] | null,
): Promise<Brought> {
  const within = sql`project_id = ${project_id} AND event_date BETWEEN ${from} AND ${to} ${onlyTags(sql`banner_tag`, tags)}`;
  /** Each active person is counted at their first day in the period: their active day before that is outside of it. */
  const peopleOf = (banner_tag: SQL) => sql`SELECT ifnull(sum(r.people), 0) FROM returns r
    WHERE r.project_id = ${project_id} AND r.banner_tag = ${banner_tag}
      AND r.event_date BETWEEN ${from} AND ${to} AND r.previous_date < ${from}`;
  const days = JSON.stringify(Array.from({ length: daysBetween(from, to) }, (_, index) => addDays(from, index)));
  // Day by day, which is the order of `activity`, so that other types of events are not read.
  const deposited = sql`SELECT DISTINCT a.person FROM json_each(${days}) d CROSS JOIN activity a
      ON a.project_id = ${project_id} AND a.event_date = d.value AND a.event_type = 'deposit'
    WHERE true ${onlyTags(sql`a.banner_tag`, tags)}`;
  // People of several tags are one person in the total.
  const distinct =
    tags === null
      ? sql`(${peopleOf(sql`${ANY_TAG}`)}) AS unique_players,
          (SELECT ifnull(sum(count), 0) FROM daily_metrics WHERE project_id = ${project_id}
            AND event_date BETWEEN ${from} AND ${to} AND event_type = 'registration') AS registrations`
      : sql`(SELECT count(DISTINCT person) FROM activity WHERE ${within}) AS unique_players,
          (SELECT count(DISTINCT event_date || person) FROM activity
            WHERE ${within} AND event_type = 'registration') AS registrations,
          (SELECT count(*) FROM (${deposited})) AS depositors,
          (SELECT count(*) FROM (${deposited}) d CROSS JOIN players p ON p.project_id = ${project_id} AND p.person = d.person
            WHERE p.deposit_date < ${from}) AS returning_depositors`;
  const [events, deposits, paid, everyone] = await Promise.all([
    db.all<Tagged<"visits" | "registrations" | "deposits" | "unique_players">>(sql`
      SELECT banner_tag, ifnull(sum(total) FILTER (WHERE event_type = 'visit'), 0) AS visits,
        ifnull(sum(count) FILTER (WHERE event_type = 'registration'), 0) AS registrations,
        ifnull(sum(total) FILTER (WHERE event_type = 'deposit'), 0) AS deposits,
        (${peopleOf(sql`s.banner_tag`)}) AS unique_players
      FROM event_summary s WHERE ${within} GROUP BY banner_tag`),
    // As in `returns`: at their first day in the period. Without a filter by tag, people without a tag are included.
    db.all<Tagged<Depositors>>(sql`
      SELECT banner_tag, sum(people) AS depositors,
        ifnull(sum(people) FILTER (WHERE first_date < ${from}), 0) AS returning_depositors,
        ifnull(sum(people) FILTER (WHERE is_first), 0) AS first_deposits,
        ifnull(sum(people) FILTER (WHERE is_first AND registration_date BETWEEN ${from} AND ${to}), 0) AS new_depositors
      FROM depositors WHERE ${within} AND previous_date < ${from} GROUP BY banner_tag`),
    db.all<Paid>(sql`SELECT banner_tag, event_type, ${sums(currency)} FROM (
        SELECT banner_tag, event_type, currency, total, whole, fraction,
          CASE WHEN currency = ${currency} THEN ${to} ELSE event_date END AS event_date
        FROM money_summary WHERE ${within} AND event_type IN (${words(CAMPAIGN_PAYMENTS)}))
      GROUP BY banner_tag, event_type, currency, event_date`),
    tags?.length === 1 ? undefined : db.get<Partial<Counts>>(sql`SELECT ${distinct}`),
  ]);
  const campaigns = new Map<string, Campaign>();
  const campaignOf = (name: string) => {
    const known = campaigns.get(name) ?? { counts: noCounts(), paid: [] };
    campaigns.set(name, known);
    return known;
  };
  const together: Partial<Counts> = { ...everyone };
  for (const { banner_tag, ...row } of [...events, ...deposits])
    Object.assign(banner_tag === ANY_TAG ? together : campaignOf(banner_tag).counts, row);
  for (const row of paid) campaignOf(row.banner_tag).paid.push(row);
  const rows = [...campaigns.values()];
  const sum = (name: Count) => rows.reduce((total, row) => total + row.counts[name], 0);
  const counts = { ...(Object.fromEntries(COUNTS.map((name) => [name, sum(name)])) as Counts), ...together };
  return { campaigns, total: { counts, paid } };
}
