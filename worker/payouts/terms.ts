/** The terms of a payout rule, and which of a project's rules is in force for a tag on a day. */
import type { Database } from "../store/database.ts";
import { type InForce, inForce, type Version, versionsOf } from "./versions.ts";

/** What a tier depends on: the number of the rule's conversions in the month, or the sum of their amounts. */
export const TIERS_BY = ["number", "sum"] as const;

/** From its `from` on a tier replaces the rule's general terms. */
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
  /** Only events with at least this amount. */
  min_amount: number | null;
  /** For each event; null is nothing. */
  amount: number | null;
  /** The share of the month's deposits less withdrawals and refunds; null is none. */
  share: number | null;
  tiers_by: (typeof TIERS_BY)[number] | null;
  /** In their order. */
  tiers: Tier[];
  /** The most that are paid in a day, and in a month; null is all. */
  cap_day: number | null;
  cap_month: number | null;
  /** How many days after its event a conversion is approved, unless somebody decides before; null: only by a decision. */
  hold_days: number | null;
};

export type RuleVersion = Version<Terms>;
/** A version that pays. */
export type Rule = InForce<Terms>;

/** Every version of every rule of a project, the oldest rule first. */
export const rulesOf = (db: Database, project_id: string): Promise<RuleVersion[]> =>
  versionsOf<Terms>(db, "payout_rules", project_id);

/** The rules that pay for a tag on a day: those that name the tag before those for every tag, then the newest rule first. */
export const rulesInForce = (versions: readonly RuleVersion[], tag: string, day: string): Rule[] =>
  inForce(versions, tag, day)
    .reverse()
    .toSorted((a, b) => Number(a.banner_tags === null) - Number(b.banner_tags === null));
