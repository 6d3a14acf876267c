/** Conversions with their present status: what was decided last, else what follows from the rule's hold. */
import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import { amountNow, currencyNow, lastChange } from "./facts.ts";
import type { Status, Why } from "./month.ts";
import type { Rule, RuleVersion } from "./terms.ts";
import { explain } from "./words.ts";

/** The status of `c` at a moment. */
export const statusAt = (now: number): SQL => sql`coalesce(${lastChange("status", sql`c.seq`)},
  CASE WHEN c.hold_until <= ${now} THEN 'approved' ELSE 'pending' END)`;

export type ConversionRow = {
  seq: number;
  event_id: string;
  event_type: string;
  event_date: string;
  timestamp: number;
  banner_tag: string;
  amount: number | null;
  currency: string | null;
  status: Status;
  rule_id: string;
  rule_version: number;
  payout: number | null;
  payout_currency: string;
  why: string;
  hold_until: number | null;
  /** How often it was decided about or corrected. */
  changes: number;
};

/** The rows of `conversions c` that a rule judges; `condition` is SQL for further conditions and the order. */
export const readConversions = (db: Database, now: number, condition: SQL): Promise<ConversionRow[]> =>
  db.all<ConversionRow>(sql`SELECT c.seq, c.event_id, c.event_type, c.event_date, c.timestamp, c.banner_tag,
      ${amountNow} AS amount, ${currencyNow} AS currency, ${statusAt(now)} AS status, c.rule_id, c.rule_version, c.payout,
      c.payout_currency, c.why, c.hold_until,
      (SELECT ifnull(max(h.n), 0) FROM conversion_changes h WHERE h.seq = c.seq) AS changes
    FROM conversions c WHERE c.rule_id IS NOT NULL AND ${condition}`);

export const ruleOf = (
  versions: readonly RuleVersion[],
  { rule_id, rule_version }: Pick<ConversionRow, "rule_id" | "rule_version">,
) => versions.find(({ id, version }) => id === rule_id && version === rule_version) as Rule | undefined;

export function explanationOf(row: ConversionRow, versions: readonly RuleVersion[]): string {
  const rule = ruleOf(versions, row);
  return rule ? explain({ ...row, why: JSON.parse(row.why) as Why }, rule) : "";
}
