/** What affiliates earn in a month: lines of conversions by rule and status, lines of shares of revenue, and their totals. */

import { type SQL, sql } from "drizzle-orm";
import { addDays } from "../calendar.ts";
import { formatMoney, UNITS } from "../money.ts";
import type { Database } from "../store/database.ts";
import { pieces } from "../store/pieces.ts";
import { among } from "../store/sql.ts";
import { type Share, type Status, VOID } from "./month.ts";
import { type RuleVersion, rulesOf } from "./terms.ts";
import { statusAt } from "./view.ts";
import { explainCorrection, explainShare } from "./words.ts";

export const KINDS = ["conversions", "share", "correction"] as const;
export type Line = {
  banner_tag: string;
  kind: (typeof KINDS)[number];
  rule_id: string;
  rule: string;
  /** Null for a share. */
  event_type: string | null;
  status: Status;
  /** For a correction: the closed month. */
  of_month: string | null;
  /** The number of conversions; for a share 0; for a correction the difference. */
  conversions: number;
  currency: string;
  /** Null where part of it cannot be known without a rate. */
  payout: string | null;
  /** Conversions, or events of a share, that lack a rate. */
  without_rate: number;
  /** For a share and for a correction. */
  explanation: string;
};
export type Total = {
  banner_tag: string;
  currency: string;
  approved: string;
  pending: string;
  /** Amounts without a rate: they are in neither. */
  without_rate: number;
};

/** The last day of a month, `YYYY-MM`. */
export const lastDayOf = (month: string): string => addDays(`${monthBehind(month)}-01`, -1);
const monthBehind = (month: string): string => addDays(`${month}-28`, 5).slice(0, 7);

type Grouped = Omit<Line, "kind" | "rule" | "payout" | "explanation" | "of_month"> & {
  month: string;
  rule_version: number;
  payout: string;
};

/** A month of a tag. */
type Pair = [banner_tag: string, month: string];

const within = (project_id: string, tags: readonly string[] | null): SQL => sql`project_id = ${project_id}
  ${tags === null ? sql`AND banner_tag <> ''` : sql`AND banner_tag ${among(tags)}`}`;

/** The rows of a month, or of these months of tags. */
const ofMonth = (project_id: string, month: string, tags: readonly string[] | null): SQL =>
  sql`SELECT * FROM conversions WHERE ${within(project_id, tags)} AND event_date BETWEEN ${`${month}-01`} AND ${`${month}-31`}`;
const ofPairs = (project_id: string, pairs: readonly Pair[]): SQL =>
  sql`SELECT o.* FROM json_each(${JSON.stringify(pairs)}) p CROSS JOIN conversions o
    WHERE o.project_id = ${project_id} AND o.banner_tag = p.value ->> 0
      AND o.event_date BETWEEN (p.value ->> 1) || '-01' AND (p.value ->> 1) || '-31'`;

/** Sums as text: they may exceed the 2^53 that D1's JSON can carry. */
const grouped = (db: Database, rows: SQL, now: number) =>
  db.all<Grouped>(sql`SELECT c.banner_tag, substr(c.event_date, 1, 7) AS month, c.rule_id, max(c.rule_version) AS rule_version,
      c.event_type, ${statusAt(now)} AS status, c.payout_currency AS currency, count(*) AS conversions,
      CAST(coalesce(sum(c.payout), 0) AS TEXT) AS payout, count(*) FILTER (WHERE c.payout IS NULL) AS without_rate
    FROM (${rows}) c WHERE c.rule_id IS NOT NULL AND c.why ->> 'reason' IN ('paid', 'no_rate', 'void')
    GROUP BY c.banner_tag, 2, c.rule_id, c.event_type, status, c.payout_currency
    ORDER BY c.banner_tag, 2, c.rule_id, c.event_type, status`);

/** A share is pending until its month is over, and then as long as its rule holds conversions. */
function statusOf({ rule_id, version }: Share, month: string, today: string, versions: readonly RuleVersion[]): Status {
  const hold = versions.find((one) => one.id === rule_id && one.version === version)?.terms?.hold_days ?? 0;
  return addDays(lastDayOf(month), hold) < today ? "approved" : "pending";
}

/** The query: the project, its time zone, and the tags. */
export type About = { project_id: string; tags: string[] | null; today: string; now: number };
type Dated = Line & { month: string };

/** The present lines, of a month or of months of tags. */
async function computed(db: Database, { project_id, today, now }: About, rows: SQL, months: SQL): Promise<Dated[]> {
  const [versions, paid, shared] = await Promise.all([
    rulesOf(db, project_id),
    grouped(db, rows, now),
    db.all<{
      banner_tag: string;
      month: string;
      shares: string;
    }>(sql`SELECT banner_tag, month, shares FROM payout_months
      WHERE ${months} AND shares <> '[]' ORDER BY banner_tag, month`),
  ]);
  const nameOf = (id: string, version: number) =>
    versions.find((one) => one.id === id && one.version === version)?.name ?? "";
  return [
    ...paid.map(
      ({ rule_version, payout, ...line }): Dated => ({
        ...line,
        kind: "conversions",
        rule: nameOf(line.rule_id, rule_version),
        of_month: null,
        payout: formatMoney(BigInt(payout)),
        explanation: "",
      }),
    ),
    ...shared.flatMap(({ banner_tag, month, shares }) =>
      (JSON.parse(shares) as Share[]).map(
        (share): Dated => ({
          banner_tag,
          month,
          kind: "share",
          rule_id: share.rule_id,
          rule: share.name,
          event_type: null,
          status: statusOf(share, month, today, versions),
          of_month: null,
          conversions: 0,
          currency: share.currency,
          payout: share.payout,
          without_rate: share.without_rate,
          explanation: explainShare(share),
        }),
      ),
    ),
  ];
}

type Closed = { month: string; closed_at: number; actor: string };
export const closedMonths = (db: Database, project_id: string): Promise<Closed[]> =>
  db.all<Closed>(
    sql`SELECT month, closed_at, actor FROM closed_statements WHERE project_id = ${project_id} ORDER BY month`,
  );

/** Lines of a month that are equal in these columns can be compared with an earlier state of the month. */
const lineKey = ({ banner_tag, rule_id, event_type, currency }: Line, month: string) =>
  JSON.stringify([banner_tag, month, rule_id, event_type, currency]);

/** Months whose figures retention may have removed cannot be compared; two days are added for time zones. */
const isKept = (project_id: string, today: string): SQL => sql`s.month || '-01' > ifnull((
      SELECT date(${today}, '-' || (p.retention ->> 'figures_days') || ' days', '+2 days') FROM projects p
      WHERE p.project_id = ${project_id}), '')
    AND s.month || '-01' >= ifnull((
      SELECT w.swept_before FROM sweeps w WHERE w.project_id = ${project_id} AND w.class = 'conversions'), '')`;

/** The difference between the present lines of closed months and all that closed statements say about them. */
async function corrections(db: Database, about: About): Promise<{ lines: Line[]; now: Dated[]; looked: Pair[] }> {
  const { project_id, tags, today } = about;
  const looked = await db.values<Pair>(sql`SELECT m.banner_tag, m.month FROM closed_statements s
    JOIN payout_months m ON m.project_id = s.project_id AND m.month = s.month AND m.stated IS NOT m.version
    WHERE s.project_id = ${project_id} AND ${isKept(project_id, today)}
      ${tags === null ? sql`AND m.banner_tag <> ''` : sql`AND m.banner_tag ${among(tags)}`}`);
  if (looked.length === 0) return { lines: [], now: [], looked };
  const pairs = sql`SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(looked)})`;
  const [now, statedLines] = await Promise.all([
    computed(
      db,
      about,
      ofPairs(project_id, looked),
      sql`project_id = ${project_id} AND (banner_tag, month) IN (${pairs})`,
    ),
    db.all<{ month: string; line: string }>(sql`SELECT month, line FROM statement_lines WHERE project_id = ${project_id}
      AND banner_tag IN (SELECT value ->> 0 FROM json_each(${JSON.stringify(looked)}))
      AND (banner_tag, ifnull(line ->> 'of_month', month)) IN (${pairs})`),
  ]);
  type Sum = { line: Line; month: string; stated: [number, bigint]; is: [number, bigint] };
  const sums = new Map<string, Sum>();
  const add = (line: Line, month: string, side: "stated" | "is") => {
    if (line.status !== "approved") return;
    const key = lineKey(line, month);
    const sum = sums.get(key) ?? { line, month, stated: [0, 0n], is: [0, 0n] };
    sum[side][0] += line.conversions;
    sum[side][1] += unitsOf(line.payout ?? "0");
    sums.set(key, sum);
  };
  for (const { month, line } of statedLines) {
    const one = JSON.parse(line) as Line;
    add(one, one.of_month ?? month, "stated");
  }
  for (const line of now) add(line, line.month, "is");
  const lines = [...sums.values()]
    .filter(({ stated, is }) => stated[0] !== is[0] || stated[1] !== is[1])
    .map(({ line, month, stated, is }): Line => {
      const { banner_tag, rule_id, rule, event_type, currency } = line;
      const [before, after] = [formatMoney(stated[1]), formatMoney(is[1])];
      return {
        ...{ banner_tag, kind: "correction", rule_id, rule, event_type, status: "approved", of_month: month },
        conversions: is[0] - stated[0],
        currency,
        payout: formatMoney(is[1] - stated[1]),
        without_rate: 0,
        explanation: explainCorrection({
          month,
          rule,
          event_type,
          currency,
          before,
          after,
          stated: stated[0],
          is: is[0],
        }),
      };
    });
  return { lines, now, looked };
}

const inOrder = (lines: readonly Line[]): Line[] =>
  lines.toSorted((one, other) => (one.banner_tag < other.banner_tag ? -1 : one.banner_tag > other.banner_tag ? 1 : 0));
const undated = ({ month: _, ...line }: Dated): Line => line;

export type Statement = { closed: Closed | null; lines: Line[]; totals: Total[] };

export async function statement(db: Database, month: string, about: About): Promise<Statement> {
  const { project_id, tags } = about;
  const closings = await closedMonths(db, project_id);
  const closed = closings.find((one) => one.month === month) ?? null;
  if (closed) {
    const rows = await db.values<[string]>(sql`SELECT line FROM statement_lines
      WHERE ${within(project_id, tags)} AND month = ${month} ORDER BY banner_tag, n`);
    const lines = rows.map(([line]) => JSON.parse(line) as Line);
    return { closed, lines, totals: totalsOf(lines) };
  }
  const last = closings.at(-1);
  const [linesOfMonth, corrected] = await Promise.all([
    computed(db, about, ofMonth(project_id, month, tags), sql`${within(project_id, tags)} AND month = ${month}`),
    last && monthBehind(last.month) === month ? corrections(db, about) : null,
  ]);
  const lines = inOrder([...linesOfMonth.map(undated), ...(corrected?.lines ?? [])]);
  return { closed, lines, totals: totalsOf(lines) };
}

/** A month that cannot be closed now, and why. */
export class NotClosable extends Error {}

/**
 * The statements that close a month with all its lines. They fail, and so does the transaction, if something has changed
 * since it was computed: NULL is not allowed.
 */
export async function closing(db: Database, month: string, about: About, actor: string): Promise<SQL[]> {
  const { project_id, now, today } = about;
  const all = { ...about, tags: null };
  const closings = await closedMonths(db, project_id);
  const last = closings.at(-1)?.month;
  if (closings.some((one) => one.month === month)) throw new NotClosable(`The statement of ${month} is closed.`);
  if (lastDayOf(month) >= today) throw new NotClosable(`${month} is not over.`);
  if (last !== undefined && monthBehind(last) !== month)
    throw new NotClosable(`${last} was closed last: the next one is ${monthBehind(last)}.`);
  const versions = sql`(SELECT ifnull(sum(version), 0) FROM payout_months WHERE project_id = ${project_id} AND month <= ${month})`;
  const before = await db.get<{ sum: number }>(sql`SELECT ${versions} AS sum`);
  const linesOfMonth = await computed(
    db,
    all,
    ofMonth(project_id, month, null),
    sql`${within(project_id, null)} AND month = ${month}`,
  );
  const { lines: corrected, now: earlier, looked } = await corrections(db, all);
  const lines = inOrder([...linesOfMonth.map(undated), ...corrected]);
  const places = new Map<string, number>();
  const rows = lines.map((line) => {
    const n = (places.get(line.banner_tag) ?? 0) + 1;
    places.set(line.banner_tag, n);
    return JSON.stringify([line.banner_tag, n, JSON.stringify(line)]);
  });
  // A pending conversion becomes approved when its hold ends.
  const open = [...linesOfMonth, ...earlier].filter(({ status }) => status === "pending");
  const pending = JSON.stringify(open.map(({ banner_tag, month }): Pair => [banner_tag, month]));
  return [
    sql`INSERT INTO closed_statements (project_id, month, closed_at, actor)
      SELECT ${project_id}, ${month}, CASE WHEN ${versions} = ${before?.sum ?? 0} THEN ${now} END, ${actor}`,
    ...pieces(rows).map(
      (piece) => sql`INSERT INTO statement_lines (project_id, month, banner_tag, n, closed_at, line)
        SELECT ${project_id}, ${month}, value ->> 0, value ->> 1, ${now}, value ->> 2 FROM json_each(${piece})`,
    ),
    sql`UPDATE payout_months SET stated = version WHERE project_id = ${project_id}
      AND (month = ${month} OR (banner_tag, month) IN (SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(looked)})))
      AND (banner_tag, month) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(${pending}))`,
  ];
}

function totalsOf(lines: readonly Line[]): Total[] {
  const groups = Map.groupBy(lines, ({ banner_tag, currency }) => JSON.stringify([banner_tag, currency]));
  const sum = (groupLines: readonly Line[], status: Status) =>
    formatMoney(
      groupLines
        .filter((line) => line.status === status && line.payout !== null)
        .reduce((total, { payout }) => total + unitsOf(payout as string), 0n),
    );
  return [...groups]
    .map(([key, groupLines]): Total => {
      const [banner_tag, currency] = JSON.parse(key) as [string, string];
      const open = groupLines.filter(({ status }) => !VOID.some((one) => one === status));
      return {
        banner_tag,
        currency,
        approved: sum(groupLines, "approved"),
        pending: sum(groupLines, "pending"),
        without_rate: open.reduce((total, { without_rate }) => total + without_rate, 0),
      };
    })
    .sort((a, b) =>
      a.banner_tag < b.banner_tag ? -1 : a.banner_tag > b.banner_tag ? 1 : a.currency < b.currency ? -1 : 1,
    );
}

/** `"-12.50"` → `-125000n`; sums may have more digits than an amount. */
const unitsOf = (decimal: string): bigint => {
  const [whole = "0", fraction = ""] = decimal.replace("-", "").split(".");
  const units = BigInt(whole) * BigInt(UNITS) + BigInt(fraction.padEnd(4, "0"));
  return decimal.startsWith("-") ? -units : units;
};
