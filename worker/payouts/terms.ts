/** What a payout rule says, and which of a project's rules is in force for a tag on a day. */
import { sql } from "drizzle-orm";
import type { Database } from "../schema.ts";

/** By what a tier is reached: how many conversions the rule has in the month, or what they came to. */
export const TIERS_BY = ["number", "sum"] as const;

/** From its `from` on this holds in the place of what the rule says for all. */
export type Tier = {
  /** A number of conversions, or a sum in 1/10,000 units of the rule's currency. */
  from: number;
  amount: number | null;
  share: number | null;
};

/** Amounts are in 1/10,000 units of `currency`, shares in 1/10,000 of a percent. */
export type Terms = {
  currency: string;
  /** Which events it pays for. */
  event_type: string;
  /** Only a person's first deposit. */
  first_deposit: boolean;
  /** Only events of so much at least. */
  min_amount: number | null;
  /** For each; null is nothing. */
  amount: number | null;
  /** Of the month's deposits less withdrawals and refunds; null is none. */
  share: number | null;
  tiers_by: (typeof TIERS_BY)[number] | null;
  /** In their order. */
  tiers: Tier[];
  /** So many are paid in a day, and in a month; null is all. */
  cap_day: number | null;
  cap_month: number | null;
  /** A conversion is approved so many days after its event, unless somebody decides; null: only when somebody does. */
  hold_days: number | null;
};

export type RuleVersion = {
  id: string;
  version: number;
  project_id: string;
  name: string;
  /** Null: every tag that no other rule names. */
  banner_tags: string[] | null;
  /** `YYYY-MM-DD`, on the project's clock. */
  valid_from: string;
  /** Null: from that day on it pays nothing. */
  terms: Terms | null;
  made_at: number;
};
/** A version that pays. */
export type Rule = RuleVersion & { terms: Terms };

type Row = Omit<RuleVersion, "banner_tags" | "terms"> & { banner_tags: string | null; terms: string | null };
const versionOf = (row: Row): RuleVersion => ({
  ...row,
  banner_tags: JSON.parse(row.banner_tags ?? "null"),
  terms: JSON.parse(row.terms ?? "null"),
});

/** Every version of every rule of a project, the oldest rule first. */
export async function rulesOf(db: Database, project_id: string): Promise<RuleVersion[]> {
  const rows = await db.all<Row>(sql`SELECT * FROM payout_rules WHERE project_id = ${project_id} ORDER BY id, version`);
  const made = new Map(rows.filter(({ version }) => version === 1).map(({ id, made_at }) => [id, made_at]));
  const at = ({ id }: Row) => made.get(id) ?? 0;
  return rows
    .toSorted((a, b) => at(a) - at(b) || (a.id < b.id ? -1 : a.id > b.id ? 1 : a.version - b.version))
    .map(versionOf);
}

const names = (version: RuleVersion, tag: string) => version.banner_tags?.includes(tag) ?? true;

/**
 * The rules that pay for a tag on a day: of each rule the newest version that covers the day; those that name the tag before
 * those for every tag, then the newest rule first.
 */
export function rulesInForce(versions: readonly RuleVersion[], tag: string, day: string): Rule[] {
  const newest = new Map<string, RuleVersion>();
  for (const version of versions) if (version.valid_from <= day) newest.set(version.id, version);
  const paying = [...newest.values()].filter((one): one is Rule => one.terms !== null && names(one, tag));
  return paying.reverse().toSorted((a, b) => Number(a.banner_tags === null) - Number(b.banner_tags === null));
}
