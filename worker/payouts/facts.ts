/** Reads the events of a tag's month, and writes what each pays. */
import { type SQL, sql } from "drizzle-orm";
import { actors, counts, NOW } from "../projections/resolve.ts";
import { isPseudonym } from "../pseudonym.ts";
import { rateInForce } from "../rates/in-force.ts";
import type { Database } from "../store/database.ts";
import type { Clicked } from "./click-rules.ts";
import type { Fact, RateOf, Status, Verdict, Why } from "./month.ts";

/** The last decision about an event; `seq` is the event's. */
export const lastChange = (column: "status" | "amount" | "currency", seq: SQL): SQL =>
  sql`(SELECT h.${sql.raw(column)} FROM conversion_changes h WHERE h.seq = ${seq} AND h.${sql.raw(column)} IS NOT NULL
    ORDER BY h.n DESC LIMIT 1)`;

/** The amount in force: the last correction, else the event's amount. */
export const amountNow = sql`coalesce(${lastChange("amount", sql`c.seq`)}, c.amount)`;
export const currencyNow = sql`coalesce(${lastChange("currency", sql`c.seq`)}, c.currency)`;

/**
 * The person has no deposit before `c`: neither in the table, nor among the events that had left the log before the table
 * was made.
 */
export const IS_FIRST = sql`c.event_type = 'deposit' AND NOT EXISTS (
    SELECT 1 FROM conversions d WHERE d.project_id = c.project_id AND d.person = c.person AND d.event_type = 'deposit'
      AND (d.timestamp, d.event_id) < (c.timestamp, c.event_id))
  AND NOT EXISTS (SELECT 1 FROM settled_players s WHERE s.project_id = c.project_id
    AND s.person IN (${actors(sql`c.project_id`, sql`c.person`, NOW)}) AND s.deposit < printf('%015d', c.timestamp))`;

/** The last result. */
type Before = {
  rule_id: string | null;
  rule_version: number | null;
  payout: number | null;
  why: string | null;
  hold_until: number | null;
};
export type Read = Fact & { event_id: string; before: Before };
type Row = Omit<Fact, "first" | "status" | "clicked"> &
  Before & { event_id: string; first: 0 | 1; status: Status | null } & Partial<ClickRow>;

/** The person's last visit with the tag of `c`, before `c`. */
const CLICK = sql`(SELECT k.seq FROM events k
  WHERE k.project_id = c.project_id AND k.actor IN (${actors(sql`c.project_id`, sql`c.person`, NOW)}) AND k.tagged = 1
    AND k.timestamp <= c.timestamp AND k.event_type = 'visit' AND k.banner_tag = c.banner_tag AND k.seq <> c.seq
    AND ${counts(sql`k`, NOW)}
  ORDER BY k.timestamp DESC, k.event_id DESC LIMIT 1)`;

type ClickRow = Pick<Clicked, "person" | "click_at" | "network" | "device"> & { in_log: 0 | 1 };
/** An event that a server sends has no browser, so the network of the click is used. */
const CLICKED = sql`, c.person, e.seq IS NOT NULL AS in_log, k.timestamp AS click_at,
  CASE WHEN e.user_agent IS NULL THEN k.source_ip ELSE e.source_ip END AS network,
  CASE WHEN e.user_agent IS NULL THEN k.source_ip || ' ' || k.user_agent ELSE e.source_ip || ' ' || e.user_agent END AS device`;
const WITH_CLICK = sql`LEFT JOIN events e ON e.seq = c.seq LEFT JOIN events k ON k.seq = ${CLICK}`;

const clickedOf = ({ person, in_log, click_at, network, device, why }: ClickRow & Before): Clicked => ({
  person,
  click_at,
  network,
  device,
  // An event that has left the log, or that an erasure has changed, keeps its earlier flag.
  kept: in_log === 1 && !isPseudonym(person) ? null : ((JSON.parse(why ?? "{}") as Partial<Why>).flags ?? []),
});

/** The day, the time and the id of the event that was read last. */
export type PlaceInMonth = [string, number, string];
export const MONTH_BEGINS: PlaceInMonth = ["", 0, ""];

type Asked = {
  project_id: string;
  banner_tag: string;
  /** Days, both included. */
  from: string;
  to: string;
  /** Whether there are click rules, which need further facts. */
  clicks: boolean;
};

/** The next events of a tag on these days, in their order. */
export async function readFacts(
  db: Database,
  { project_id, banner_tag, from, to, clicks }: Asked,
  [day, at, id]: PlaceInMonth,
  most: number,
): Promise<Read[]> {
  const rows = await db.all<Row>(sql`SELECT c.seq, c.event_id, c.event_type, c.event_date, c.timestamp,
      ${amountNow} AS amount, ${currencyNow} AS currency, ${lastChange("status", sql`c.seq`)} AS status,
      (${IS_FIRST}) AS first, c.rule_id, c.rule_version, c.payout, c.why, c.hold_until ${clicks ? CLICKED : sql``}
    FROM conversions c ${clicks ? WITH_CLICK : sql``}
    WHERE c.project_id = ${project_id} AND c.banner_tag = ${banner_tag} AND c.event_date BETWEEN ${from} AND ${to}
      AND (c.event_date, c.timestamp, c.event_id) > (${day}, ${at}, ${id})
    ORDER BY c.event_date, c.timestamp, c.event_id LIMIT ${most}`);
  return rows.map((row) => {
    const { seq, event_id, event_type, event_date, timestamp, amount, currency, status, first } = row;
    const { rule_id, rule_version, payout, why, hold_until } = row;
    return {
      ...{ seq, event_id, event_type, event_date, timestamp, amount, currency, status },
      first: first === 1,
      clicked: clicks ? clickedOf(row as Row & ClickRow) : null,
      before: { rule_id, rule_version, payout, why, hold_until },
    };
  });
}

/** The rates in force for these currencies on these days: one query. */
export async function readRates(db: Database, pairs: ReadonlySet<string>): Promise<RateOf> {
  if (pairs.size === 0) return () => null;
  const rows = await db.all<{ pair: string; rate: number | null }>(sql`SELECT p.value AS pair,
      ${rateInForce(sql`substr(p.value, 1, 3)`, sql`substr(p.value, 5)`)} AS rate
    FROM json_each(${JSON.stringify([...pairs])}) p`);
  const rates = new Map(rows.map(({ pair, rate }) => [pair, rate]));
  return (currency, day) => rates.get(pairOf(currency, day)) ?? null;
}
export const pairOf = (currency: string, day: string) => `${currency} ${day}`;

/** Whether the stored payout of an event is the one computed now. */
export function isAsBefore({ before }: Read, verdict: Verdict | null): boolean {
  const { rule_id, rule_version, payout, why, hold_until } = storedOf(verdict);
  return (
    before.rule_id === rule_id &&
    before.rule_version === rule_version &&
    before.payout === payout &&
    before.why === why &&
    before.hold_until === hold_until
  );
}

const storedOf = (verdict: Verdict | null): Before => ({
  rule_id: verdict?.rule.id ?? null,
  rule_version: verdict?.rule.version ?? null,
  payout: verdict?.payout ?? null,
  why: verdict && JSON.stringify(verdict.why),
  hold_until: verdict?.hold_until ?? null,
});

/** The row of an event, as JSON. */
export const rowOf = (seq: number, verdict: Verdict | null): string => {
  const { rule_id, rule_version, payout, why, hold_until } = storedOf(verdict);
  return JSON.stringify([seq, rule_id, rule_version, payout, verdict?.rule.terms.currency ?? null, why, hold_until]);
};

export const writeRows = (piece: string): SQL => sql`UPDATE conversions SET rule_id = v.value ->> 1,
    rule_version = v.value ->> 2, payout = v.value ->> 3, payout_currency = v.value ->> 4, why = v.value ->> 5,
    hold_until = v.value ->> 6
  FROM json_each(${piece}) v WHERE conversions.seq = v.value ->> 0`;
