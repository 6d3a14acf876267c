/**
 * Computes the months that are due. What a month depends on may change meanwhile. Every such change increases the month's
 * `version` in the same transaction, and a month is not written if its version is another than the one that was read.
 */

import { type SQL, sql } from "drizzle-orm";
import { RESTORING } from "../archive/restoring.ts";
import { addDays } from "../calendar.ts";
import { RENAMING } from "../projections/runner.ts";
import type { Budget } from "../store/budget.ts";
import { type Database, transact } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { pieces } from "../store/pieces.ts";
import { among } from "../store/sql.ts";
import { type ClickRuleVersion, clickRulesOf, LONGEST_DAYS } from "./click-rules.ts";
import {
  isAsBefore,
  MONTH_BEGINS,
  type PlaceInMonth,
  pairOf,
  type Read,
  readFacts,
  readRates,
  rowOf,
  writeRows,
} from "./facts.ts";
import { Month, type RateOf, type Share } from "./month.ts";
import { type RuleVersion, rulesOf } from "./terms.ts";

/** The months of a query, both ends included. Tags: null is all. */
export type Months = { project_id: string; from: string; to: string; tags: readonly string[] | null };
export const ALWAYS = { from: "", to: "9999-12", tags: null } as const;

type Due = { project_id: string; banner_tag: string; month: string; version: number; computed: number };

/** Events that one query reads. */
const PAGE = 5_000;
/** Months that one query reads. */
const MONTHS = 50;
/** Calls of one page of events, and of looking for what is due. */
export const PAGE_CALLS = 6;
const LOOK_CALLS = 4;

const inMonths = ({ project_id, from, to, tags }: Months): SQL => sql`project_id = ${project_id}
  AND month BETWEEN ${from} AND ${to}
  ${tags === null ? sql`` : sql`AND banner_tag ${among(tags)}`}`;

/** Makes months due again whose exchange rates arrived or were corrected. */
const dueByRates = (condition: SQL): SQL => sql`UPDATE payout_months SET version = version + 1
  WHERE ${condition} AND computed >= version AND rates IS NOT NULL AND EXISTS (
    SELECT 1 FROM exchange_rates x WHERE x.loaded_at > payout_months.rates
      AND x.rate_date BETWEEN date(payout_months.month || '-01', '-7 days') AND payout_months.month || '-31')`;

/** Makes all of a project's months from this one on due; with tags, only those of these tags. */
export const dueFrom = (project_id: string, month: string, tags: readonly string[] | null): SQL =>
  sql`UPDATE payout_months SET version = version + 1 WHERE ${inMonths({ project_id, from: month, to: ALWAYS.to, tags })}`;

const dueMonths = (db: Database, months: Months): Promise<Due[]> =>
  db.all<Due>(sql`SELECT project_id, banner_tag, month, version, computed FROM payout_months
    WHERE ${inMonths(months)} AND computed < version ORDER BY month DESC, banner_tag LIMIT ${MONTHS}`);

/** Fails, and so does the transaction, if the month has changed since it was read: NULL is not allowed. */
const markComputed = (
  { project_id, banner_tag, month, version, computed }: Due,
  done: { shares: Share[]; rates: number | null } | null,
) =>
  sql`UPDATE payout_months SET computed = CASE WHEN version = ${version} AND computed = ${computed}
      AND NOT ${RENAMING} AND NOT ${RESTORING} THEN ${done ? version : computed} END
      ${done ? sql`, shares = ${JSON.stringify(done.shares)}, rates = ${done.rates}` : sql``}
    WHERE project_id = ${project_id} AND banner_tag = ${banner_tag} AND month = ${month}`;

const lostMonth = (error: unknown) => isGuarded(error, "payout_months.computed");

const newestRates = async (db: Database): Promise<number> =>
  (await db.get<{ at: number }>(sql`SELECT ifnull(max(loaded_at), 0) AS at FROM exchange_rates`))?.at ?? 0;

type Rules = { versions: RuleVersion[]; clickRules: ClickRuleVersion[] };

/** Whether there was room for everything. */
async function computeMonth(db: Database, due: Due, { versions, clickRules }: Rules, room: Room): Promise<boolean> {
  const month = new Month(due.banner_tag, versions, clickRules);
  const first = `${due.month}-01`;
  const asked = { ...due, from: first, to: `${due.month}-31`, clicks: clickRules.length > 0 };
  if (month.looksBack) {
    const before = { ...asked, from: addDays(first, -LONGEST_DAYS), to: addDays(first, -1) };
    for (let place: PlaceInMonth | null = MONTH_BEGINS; place; ) {
      if (!room.forCalls(PAGE_CALLS)) return false;
      const facts = await readFacts(db, before, place, PAGE);
      for (const fact of facts) month.lookBack(fact);
      place = behind(facts);
    }
  }
  const currencies = new Set(versions.flatMap(({ terms }) => (terms ? [terms.currency] : [])));
  const rates = await newestRates(db);
  for (let place: PlaceInMonth | null = MONTH_BEGINS; place; ) {
    // A month that has begun is finished, however long it takes: the next try would begin at its first event again.
    if (!room.forCalls(PAGE_CALLS)) return false;
    const facts = await readFacts(db, asked, place, PAGE);
    const pairs = new Set<string>();
    for (const { currency, event_date } of facts)
      if (currency !== null && [...currencies].some((into) => into !== currency))
        for (const one of [currency, ...currencies]) pairs.add(pairOf(one, event_date));
    const rateOf: RateOf = await readRates(db, pairs);
    const rows = facts.flatMap((fact) => {
      const verdict = month.take(fact, rateOf);
      return isAsBefore(fact, verdict) ? [] : [rowOf(fact.seq, verdict)];
    });
    place = behind(facts);
    const done = place ? null : { shares: month.shares(), rates: month.usesRates ? rates : null };
    if (done || rows.length > 0) await transact(db, [markComputed(due, done), ...pieces(rows).map(writeRows)]);
  }
  return true;
}

/** Where the next page begins; null where there is none. */
function behind(facts: readonly Read[]): PlaceInMonth | null {
  const last = facts.length === PAGE ? facts.at(-1) : undefined;
  return last ? [last.event_date, last.timestamp, last.event_id] : null;
}

/** Whether there is room for `calls` further calls. To begin a month there must also be time; to continue one, only calls. */
export type Room = {
  toBegin(calls: number): boolean;
  forCalls(calls: number): boolean;
  /** The number of months that were computed. */
  computed: number;
};
export const roomOf = (budget: Budget): Room => ({
  toBegin: (calls) => budget.has(calls),
  forCalls: (calls) => budget.left >= calls,
  computed: 0,
});

/** For a month that does not fit into a whole invocation: the duty fails, and so shows it, instead of trying for ever. */
export class MonthTooLarge extends Error {}

/** Computes those of these months that are due, the newest first, as long as there is room. Returns whether none is left. */
export async function computeMonths(db: Database, months: Months, room: Room): Promise<boolean> {
  if (!room.toBegin(LOOK_CALLS)) return false;
  await db.run(dueByRates(inMonths(months)));
  return computeDue(db, months, room);
}

/** The same for all projects; projects without a due month cost nothing. */
export async function computeAll(db: Database, room: Room): Promise<boolean> {
  if (!room.toBegin(LOOK_CALLS)) return false;
  await db.run(dueByRates(sql`true`));
  const projects = await db.values<[string]>(
    sql`SELECT DISTINCT project_id FROM payout_months WHERE computed < version`,
  );
  for (const [project_id] of projects) {
    const before = room.computed;
    if (await computeDue(db, { project_id, ...ALWAYS }, room)) continue;
    if (before === 0 && room.computed === 0 && !room.forCalls(PAGE_CALLS))
      throw new MonthTooLarge(`A month of ${project_id} has more events than one invocation of this plan can compute.`);
    return false;
  }
  return true;
}

async function computeDue(db: Database, months: Months, room: Room): Promise<boolean> {
  for (;;) {
    if (!room.toBegin(LOOK_CALLS)) return false;
    const due = await dueMonths(db, months);
    if (due.length === 0) return true;
    // Only after the versions of the months: a change of a rule increases these.
    const versions = await rulesOf(db, months.project_id);
    const rules = { versions, clickRules: await clickRulesOf(db, months.project_id) };
    for (const one of due) {
      try {
        if (!room.toBegin(PAGE_CALLS + 1) || !(await computeMonth(db, one, rules, room))) return false;
        room.computed++;
      } catch (error) {
        if (!lostMonth(error)) throw error;
        if (await db.get(sql`SELECT 1 WHERE ${RENAMING} OR ${RESTORING}`)) return false;
      }
    }
  }
}
