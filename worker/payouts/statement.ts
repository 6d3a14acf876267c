/** What affiliates earn in a month: lines of conversions by rule and status, of shares of revenue, and what they come to. */
import { type SQL, sql } from "drizzle-orm";
import { addDays } from "../calendar.ts";
import { formatMoney, UNITS } from "../money.ts";
import type { Database } from "../schema.ts";
import { type Share, type Status, VOID } from "./month.ts";
import { type RuleVersion, rulesOf } from "./terms.ts";
import { statusAt } from "./view.ts";
import { explainShare } from "./words.ts";

export const KINDS = ["conversions", "share"] as const;
export type Line = {
  banner_tag: string;
  kind: (typeof KINDS)[number];
  rule_id: string;
  rule: string;
  /** Null of a share. */
  event_type: string | null;
  status: Status;
  /** How many; of a share, 0. */
  conversions: number;
  currency: string;
  /** Null where part of it cannot be known without a rate. */
  payout: string | null;
  /** Conversions, or events of a share, that lack a rate. */
  without_rate: number;
  /** Of a share. */
  explanation: string;
};
export type Total = {
  banner_tag: string;
  currency: string;
  approved: string;
  pending: string;
  /** What lacks a rate: it is in neither. */
  without_rate: number;
};

/** The last day of a month, `YYYY-MM`. */
export const lastDayOf = (month: string): string => addDays(`${monthBehind(month)}-01`, -1);
const monthBehind = (month: string): string => addDays(`${month}-28`, 5).slice(0, 7);

type Grouped = Omit<Line, "kind" | "rule" | "payout" | "explanation"> & { rule_version: number; payout: string };

const within = (project_id: string, tags: string[] | null): SQL => sql`project_id = ${project_id}
  ${tags === null ? sql`AND banner_tag <> ''` : sql`AND banner_tag IN (SELECT value FROM json_each(${JSON.stringify(tags)}))`}`;

/** Sums as text: they may exceed the 2^53 that D1's JSON can carry. */
const grouped = (db: Database, project_id: string, month: string, tags: string[] | null, now: number) =>
  db.all<Grouped>(sql`SELECT c.banner_tag, c.rule_id, max(c.rule_version) AS rule_version, c.event_type,
      ${statusAt(now)} AS status, c.payout_currency AS currency, count(*) AS conversions,
      CAST(coalesce(sum(c.payout), 0) AS TEXT) AS payout, count(*) FILTER (WHERE c.payout IS NULL) AS without_rate
    FROM (SELECT * FROM conversions WHERE ${within(project_id, tags)}
      AND event_date BETWEEN ${`${month}-01`} AND ${`${month}-31`}
      AND rule_id IS NOT NULL AND why ->> 'reason' IN ('paid', 'no_rate', 'void')) c
    GROUP BY c.banner_tag, c.rule_id, c.event_type, status, c.payout_currency
    ORDER BY c.banner_tag, c.rule_id, c.event_type, status`);

/** A share is pending until its month is over, and then as long as its rule holds conversions. */
function statusOf({ rule_id, version }: Share, month: string, today: string, versions: readonly RuleVersion[]): Status {
  const hold = versions.find((one) => one.id === rule_id && one.version === version)?.terms?.hold_days ?? 0;
  return addDays(lastDayOf(month), hold) < today ? "approved" : "pending";
}

export async function statement(
  db: Database,
  {
    project_id,
    month,
    tags,
    today,
    now,
  }: { project_id: string; month: string; tags: string[] | null; today: string; now: number },
): Promise<{ lines: Line[]; totals: Total[] }> {
  const [versions, paid, months] = await Promise.all([
    rulesOf(db, project_id),
    grouped(db, project_id, month, tags, now),
    db.all<{ banner_tag: string; shares: string }>(sql`SELECT banner_tag, shares FROM payout_months
      WHERE ${within(project_id, tags)} AND month = ${month} AND shares <> '[]' ORDER BY banner_tag`),
  ]);
  const nameOf = (id: string, version: number) =>
    versions.find((one) => one.id === id && one.version === version)?.name ?? "";
  const lines: Line[] = [
    ...paid.map(
      ({ rule_version, payout, ...line }): Line => ({
        ...line,
        kind: "conversions",
        rule: nameOf(line.rule_id, rule_version),
        payout: formatMoney(BigInt(payout)),
        explanation: "",
      }),
    ),
    ...months.flatMap(({ banner_tag, shares }) =>
      (JSON.parse(shares) as Share[]).map(
        (share): Line => ({
          banner_tag,
          kind: "share",
          rule_id: share.rule_id,
          rule: share.name,
          event_type: null,
          status: statusOf(share, month, today, versions),
          conversions: 0,
          currency: share.currency,
          payout: share.payout,
          without_rate: share.without_rate,
          explanation: explainShare(share),
        }),
      ),
    ),
  ];
  const order = (one: Line, other: Line) =>
    one.banner_tag < other.banner_tag ? -1 : one.banner_tag > other.banner_tag ? 1 : 0;
  return { lines: lines.toSorted(order), totals: totalsOf(lines) };
}

function totalsOf(lines: readonly Line[]): Total[] {
  const groups = Map.groupBy(lines, ({ banner_tag, currency }) => JSON.stringify([banner_tag, currency]));
  const sum = (some: readonly Line[], status: Status) =>
    formatMoney(
      some
        .filter((line) => line.status === status && line.payout !== null)
        .reduce((total, { payout }) => total + unitsOf(payout as string), 0n),
    );
  return [...groups]
    .map(([key, some]): Total => {
      const [banner_tag, currency] = JSON.parse(key) as [string, string];
      const open = some.filter(({ status }) => !VOID.some((one) => one === status));
      return {
        banner_tag,
        currency,
        approved: sum(some, "approved"),
        pending: sum(some, "pending"),
        without_rate: open.reduce((total, { without_rate }) => total + without_rate, 0),
      };
    })
    .sort((a, b) =>
      a.banner_tag < b.banner_tag ? -1 : a.banner_tag > b.banner_tag ? 1 : a.currency < b.currency ? -1 : 1,
    );
}

/** `"12.50"` → `125000n`; sums may have more digits than an amount. */
const unitsOf = (decimal: string): bigint => {
  const [whole = "0", fraction = ""] = decimal.split(".");
  return BigInt(whole) * BigInt(UNITS) + BigInt(fraction.padEnd(4, "0"));
};
