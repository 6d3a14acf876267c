/**
 * What a tag earns in a month, from its events in their order: pure, so that the same events, rules, rates and decisions
 * always pay the same. Each event is judged by one rule that is valid on its day, and each day's revenue is shared by one
 * rule.
 */

import { divide, formatMoney } from "../money.ts";
import { RATE_UNITS } from "../rates/rate.ts";
import { DAY_MS } from "../time.ts";
import { type Clicked, type ClickRuleVersion, type Flag, Flags } from "./click-rules.ts";
import { type Rule, type RuleVersion, rulesInForce, type Terms, type Tier } from "./terms.ts";

export const STATUSES = ["pending", "approved", "rejected", "refunded", "charged_back"] as const;
export type Status = (typeof STATUSES)[number];
/** Conversions with these statuses are not paid, and count towards no tier or cap. */
export const VOID = ["rejected", "refunded", "charged_back"] as const satisfies Status[];
const isVoid = (status: Status | null) => VOID.some((one) => one === status);

/** An event of the tag; amounts and status as they were last corrected. */
export type Fact = {
  seq: number;
  event_type: string;
  event_date: string;
  timestamp: number;
  amount: number | null;
  currency: string | null;
  /** Null where nobody has decided. */
  status: Status | null;
  /** Whether it is the person's first deposit. */
  first: boolean;
  /** Null where the project has no click rules. */
  clicked: Clicked | null;
};

/** The rate in force on a day, in 1e-8 USD; null where there is none. */
export type RateOf = (currency: string, day: string) => number | null;

/** Why an event pays what it pays; also `paid` where that is nothing, because the rule only shares revenue. */
export const REASONS = [
  "paid",
  "void",
  "flagged",
  "not_first",
  "no_amount",
  "no_rate",
  "below_min",
  "cap_day",
  "cap_month",
] as const;
export type Why = {
  reason: (typeof REASONS)[number];
  /** Its place among the conversions of the rule in the month, from 1; and the sum of the payouts up to it, as a decimal. */
  nth?: number;
  sum?: string;
  /** The event's amount in the rule's currency, as a decimal, where it came in another. */
  converted?: string;
  /** The tier that it has reached: its place in the rule's list. */
  tier?: number;
  /** What click rules found, also where the conversion was approved since. */
  flags?: Flag[];
};

export type Verdict = {
  seq: number;
  rule: Rule;
  /** In 1/10,000 units of the rule's currency; null where it cannot be known without a rate. */
  payout: number | null;
  why: Why;
  hold_until: number | null;
};

/** A rule's part of the month's revenue. */
export type Share = {
  rule_id: string;
  version: number;
  name: string;
  currency: string;
  /** As decimals, in `currency`: what was received, and what was paid back. */
  deposits: string;
  withdrawals: string;
  refunds: string;
  net: string;
  /** In 1/10,000 of a percent, and the tier that it is of. */
  share: number;
  tier: number | null;
  /** As a decimal; null where events have no rate. */
  payout: string | null;
  /** Events without a rate in force. */
  without_rate: number;
};

/** Exact money: 1e-12 of the currency. */
const EXACT = BigInt(RATE_UNITS);
/** A whole, in 1/10,000 of a percent. */
const WHOLE = 1_000_000n;

/** An amount in another currency, in 1e-12 of it; null where a rate is missing. */
export function exactIn(into: string, amount: number, currency: string, day: string, rateOf: RateOf): bigint | null {
  if (currency === into) return BigInt(amount) * EXACT;
  const [rate, into_rate] = [rateOf(currency, day), rateOf(into, day)];
  if (rate === null || into_rate === null) return null;
  return divide(BigInt(amount) * BigInt(rate) * EXACT, BigInt(into_rate));
}

const decimal = (exact: bigint): string => formatMoney(divide(exact, EXACT));

/** What a rule has counted in the month. */
type Tally = { number: number; exact: bigint; days: Map<string, number> };

/** The last tier that is reached, by its place; null where none is. */
function tierOf({ tiers_by, tiers }: Terms, { number, exact }: Tally): number | null {
  const reached = ({ from }: Tier) => (tiers_by === "number" ? number >= from : exact >= BigInt(from) * EXACT);
  const last = tiers_by === null ? -1 : tiers.findLastIndex(reached);
  return last === -1 ? null : last;
}

/** Money of the days that one version of a rule shares. */
type Shared = { rule: Rule; money: Record<(typeof SHARED)[number], bigint>; without_rate: number };
const SHARED = ["deposit", "withdrawal", "refund"] as const;

/** Takes a month's events of one tag in the order of their days and times, and judges each. */
export class Month {
  readonly #tag: string;
  readonly #versions: readonly RuleVersion[];
  readonly #tallies = new Map<string, Tally>();
  readonly #shared = new Map<string, Shared>();
  readonly #inForce = new Map<string, Rule[]>();
  readonly #flags: Flags;
  #usesRates = false;

  constructor(tag: string, versions: readonly RuleVersion[], clickRules: readonly ClickRuleVersion[]) {
    this.#tag = tag;
    this.#versions = versions;
    this.#flags = new Flags(tag, clickRules);
  }

  /** Whether conversions of the days before the month count together with its first ones. */
  get looksBack(): boolean {
    return this.#flags.looksBack;
  }

  /** Adds the conversions of the days before the month. */
  lookBack(fact: Fact): void {
    this.#flags.take(fact);
  }

  /** Whether an amount was converted, or could not be: then the result depends on rates. */
  get usesRates(): boolean {
    return this.#usesRates;
  }

  /** Null where no rule pays for such an event. */
  take(fact: Fact, rateOf: RateOf): Verdict | null {
    const rules = this.#rules(fact.event_date);
    const found = this.#flags.take(fact);
    const rule = rules.find(({ terms }) => terms.event_type === fact.event_type);
    const flags = rule ? found : [];
    const isFlagged = flags.length > 0 && fact.status !== "approved";
    if (!isFlagged) this.#share(fact, rules, rateOf);
    if (!rule) return null;
    const { hold_days } = rule.terms;
    const hold_until = hold_days === null || flags.length > 0 ? null : fact.timestamp + hold_days * DAY_MS;
    const { payout, why } = this.#judge(fact, rule, rateOf, isFlagged);
    return { seq: fact.seq, rule, hold_until, payout, why: flags.length > 0 ? { ...why, flags } : why };
  }

  /** The shares of the whole month, once all its events were taken. */
  shares(): Share[] {
    return [...this.#shared.values()].map(({ rule, money, without_rate }) => {
      const tier = tierOf(rule.terms, this.#tally(rule));
      const reached = tier === null ? undefined : rule.terms.tiers[tier];
      const share = reached?.share ?? rule.terms.share ?? 0;
      const net = money.deposit - money.withdrawal - money.refund;
      const part = net > 0n ? divide(net * BigInt(share), EXACT * WHOLE) : 0n;
      return {
        rule_id: rule.id,
        version: rule.version,
        name: rule.name,
        currency: rule.terms.currency,
        deposits: decimal(money.deposit),
        withdrawals: decimal(money.withdrawal),
        refunds: decimal(money.refund),
        net: decimal(net),
        share,
        tier,
        payout: without_rate > 0 ? null : formatMoney(part),
        without_rate,
      };
    });
  }

  #rules(day: string): Rule[] {
    const known = this.#inForce.get(day);
    if (known) return known;
    const rules = rulesInForce(this.#versions, this.#tag, day);
    this.#inForce.set(day, rules);
    return rules;
  }

  /** The counts of a rule continue when its version changes. */
  #tally({ id }: Rule): Tally {
    const known = this.#tallies.get(id);
    if (known) return known;
    const tally: Tally = { number: 0, exact: 0n, days: new Map() };
    this.#tallies.set(id, tally);
    return tally;
  }

  #convert({ amount, currency, event_date }: Fact, into: string, rateOf: RateOf): bigint | null {
    if (amount === null || currency === null) return 0n;
    if (currency !== into) this.#usesRates = true;
    return exactIn(into, amount, currency, event_date, rateOf);
  }

  #share(fact: Fact, rules: readonly Rule[], rateOf: RateOf): void {
    const type = SHARED.find((one) => one === fact.event_type);
    const rule = rules.find(({ terms }) => terms.share !== null || terms.tiers.some(({ share }) => share !== null));
    if (!type || !rule || fact.amount === null || isVoid(fact.status)) return;
    const key = `${rule.id} ${rule.version}`;
    const shared = this.#shared.get(key) ?? {
      rule,
      money: { deposit: 0n, withdrawal: 0n, refund: 0n },
      without_rate: 0,
    };
    this.#shared.set(key, shared);
    const exact = this.#convert(fact, rule.terms.currency, rateOf);
    if (exact === null) shared.without_rate++;
    else shared.money[type] += exact;
  }

  #judge(fact: Fact, rule: Rule, rateOf: RateOf, isFlagged: boolean): Pick<Verdict, "payout" | "why"> {
    const { terms } = rule;
    const nothing = (reason: Why["reason"], more: Partial<Why> = {}) => ({ payout: 0, why: { reason, ...more } });
    if (isVoid(fact.status)) return nothing("void");
    if (isFlagged) return nothing("flagged");
    if (terms.first_deposit && !fact.first) return nothing("not_first");
    const hasAmount = fact.amount !== null && fact.currency !== null;
    const needsAmount = terms.min_amount !== null || terms.tiers_by === "sum";
    if (terms.min_amount !== null && !hasAmount) return nothing("no_amount");
    const exact = needsAmount ? this.#convert(fact, terms.currency, rateOf) : 0n;
    if (exact === null) return { payout: null, why: { reason: "no_rate" } };
    const converted = needsAmount && hasAmount && fact.currency !== terms.currency ? { converted: decimal(exact) } : {};
    if (terms.min_amount !== null && exact < BigInt(terms.min_amount) * EXACT) return nothing("below_min", converted);
    const tally = this.#tally(rule);
    const today = tally.days.get(fact.event_date) ?? 0;
    if (terms.cap_month !== null && tally.number >= terms.cap_month) return nothing("cap_month", converted);
    if (terms.cap_day !== null && today >= terms.cap_day) return nothing("cap_day", converted);
    tally.number++;
    tally.exact += exact;
    tally.days.set(fact.event_date, today + 1);
    const tier = tierOf(terms, tally);
    const reached = tier === null ? undefined : terms.tiers[tier];
    const why: Why = {
      reason: "paid",
      ...converted,
      nth: tally.number,
      ...(terms.tiers_by === "sum" && { sum: decimal(tally.exact) }),
      ...(tier !== null && { tier }),
    };
    return { payout: reached?.amount ?? terms.amount ?? 0, why };
  }
}
