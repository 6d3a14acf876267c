/** Why an event pays what it pays, in sentences with the numbers. */
import { formatMoney } from "../money.ts";
import type { ClickTerms, Flag } from "./click-rules.ts";
import type { Share, Status, Why } from "./month.ts";
import type { Rule, Terms, Tier } from "./terms.ts";

/** What is shown of the event in addition to the rule. */
export type Explained = {
  event_type: string;
  event_date: string;
  amount: number | null;
  currency: string | null;
  payout: number | null;
  status: Status;
  why: Why;
};

/** `250000` → `25`, a share in 1/10,000 of a percent. */
export const percentOf = (share: number): string => `${formatMoney(share).replace(/\.?0+$/, "")}%`;

const money = (units: number, currency: string) => `${formatMoney(units)} ${currency}`;
const TYPES: Record<string, string> = { registration: "registration", deposit: "deposit" };
const nameOf = (event_type: string) => TYPES[event_type] ?? `\`${event_type}\` event`;

const basis = ({ tiers_by, currency }: Terms, { from }: Tier): string =>
  tiers_by === "number" ? `the month's number ${from} on` : `${money(from, currency)} in the month on`;

/** The terms of a rule, in a sentence. */
export function termsInWords({ terms, name }: Pick<Rule, "terms" | "name">): string {
  const { currency, event_type, first_deposit, min_amount, amount, share, tiers, cap_day, cap_month } = terms;
  const paidEvent = first_deposit ? "a player's first deposit" : `each ${nameOf(event_type)}`;
  const least = min_amount === null ? "" : ` of ${money(min_amount, currency)} or more`;
  const pays = [
    ...(amount === null ? [] : [`${money(amount, currency)} for ${paidEvent}${least}`]),
    ...(share === null ? [] : [`${percentOf(share)} of the month's deposits less withdrawals and refunds`]),
  ];
  const more = tiers.map((tier) => {
    const parts = [
      ...(tier.amount === null ? [] : [money(tier.amount, currency)]),
      ...(tier.share === null ? [] : [percentOf(tier.share)]),
    ];
    return `from ${basis(terms, tier)} ${parts.join(" and ")}`;
  });
  const caps = [
    ...(cap_day === null ? [] : [`${cap_day} a day`]),
    ...(cap_month === null ? [] : [`${cap_month} a month`]),
  ];
  const all = [pays.join(" and ") || `nothing for ${paidEvent}${least} by itself`, ...more].join("; ");
  return `The rule “${name}” pays ${all}${caps.length > 0 ? `; ${caps.join(" and ")} at most` : ""}.`;
}

const TIMES = [
  { name: "day", seconds: 86_400 },
  { name: "hour", seconds: 3_600 },
  { name: "minute", seconds: 60 },
  { name: "second", seconds: 1 },
] as const;
/** `7205` → `2 hours 5 seconds`. */
export function timeInWords(seconds: number): string {
  let left = seconds;
  const parts = TIMES.flatMap(({ name, seconds }) => {
    const number = Math.floor(left / seconds);
    left %= seconds;
    return number === 0 ? [] : [`${number} ${name}${number === 1 ? "" : "s"}`];
  });
  return parts.join(" ") || "0 seconds";
}

/** A click rule, in a sentence. */
export function clickTermsInWords({ kind, event_type, seconds, conversions }: ClickTerms): string {
  const what = event_type === null ? "a conversion" : `a ${nameOf(event_type)}`;
  const time = timeInWords(seconds);
  switch (kind) {
    case "too_fast":
      return `Flags ${what} less than ${time} after its click.`;
    case "too_late":
      return `Flags ${what} more than ${time} after its click.`;
    case "velocity":
      return `Flags ${what} that comes when its tag has had ${conversions} within ${time}.`;
    default:
      return `Flags ${what} from the ${NEAR[kind]} of ${conversions} others of its tag within ${time}.`;
  }
}
const NEAR = { same_network: "network", same_device: "device" } as const;

/** What was found, with its numbers. */
export function flagInWords({ name, version, kind, seconds, conversions, found }: Flag): string {
  const time = timeInWords(seconds);
  const by = `The click rule “${name}” (version ${version}) flags it`;
  switch (kind) {
    case "too_fast":
      return `${by}: it came ${timeInWords(found)} after its click, and less than ${time} is too fast.`;
    case "too_late":
      return `${by}: it came ${timeInWords(found)} after its click, and more than ${time} is too late.`;
    case "velocity":
      return `${by}: it is number ${found} of its tag within ${time}, and ${conversions} are allowed.`;
    default:
      return `${by}: from its ${NEAR[kind]} came ${found} of other people within ${time}, and ${conversions} would be too many.`;
  }
}

const VOID: Partial<Record<Status, string>> = {
  rejected: "It was rejected",
  refunded: "It was refunded",
  charged_back: "It was charged back",
};

function because({ event_type, event_date, amount, currency, status, why }: Explained, { terms }: Rule): string {
  const came = amount === null || currency === null ? "no amount" : money(amount, currency);
  const worth =
    why.converted === undefined ? "" : `, worth ${why.converted} ${terms.currency} at the rate of ${event_date}`;
  switch (why.reason) {
    case "void":
      return `${VOID[status] ?? "It was taken back"}: it pays nothing, and counts toward no tier and no limit.`;
    case "flagged":
      return "It pays nothing until somebody approves it.";
    case "not_first":
      return "It is not the player's first deposit, so it pays nothing.";
    case "no_amount":
      return "It came without an amount, and the rule asks for a least amount, so it pays nothing.";
    case "no_rate":
      return `It came with ${came}, and there is no exchange rate for ${event_date} from ${currency} to ${terms.currency}: what it pays is not known until there is one.`;
    case "below_min":
      return `It came with ${came}${worth}, which is less than ${money(terms.min_amount ?? 0, terms.currency)}, so it pays nothing.`;
    case "cap_day":
      return `The rule pays ${terms.cap_day} in a day at most, and ${event_date} had as many before it, so it pays nothing.`;
    case "cap_month":
      return `The rule pays ${terms.cap_month} in a month at most, and the month had as many before it, so it pays nothing.`;
    case "paid": {
      const place = `It is number ${why.nth} of the month${why.sum === undefined ? "" : `, with ${why.sum} ${terms.currency} in all`}`;
      const tier = why.tier === undefined ? undefined : terms.tiers[why.tier];
      const reached = tier ? `, and has reached the tier from ${basis(terms, tier)}` : "";
      return `It is a ${nameOf(event_type)} with ${came}${worth}. ${place}${reached}.`;
    }
  }
}

/** Such as `35.00 EUR. The rule … It is …`. */
export function explain(event: Explained, rule: Rule): string {
  const { version, valid_from, terms } = rule;
  const paid = event.payout === null ? "Not known yet" : money(event.payout, terms.currency);
  const flags = (event.why.flags ?? []).map((flag) => ` ${flagInWords(flag)}`).join("");
  return `${paid}. ${termsInWords(rule)} (Version ${version}, valid from ${valid_from}.)${flags} ${because(event, rule)}`;
}

export function explainShare({
  name,
  currency,
  deposits,
  withdrawals,
  refunds,
  net,
  share,
  payout,
  without_rate,
}: Share): string {
  const base = `${deposits} ${currency} of deposits less ${withdrawals} of withdrawals and ${refunds} of refunds is ${net}`;
  if (payout === null)
    return `Not known yet. ${without_rate} events have no exchange rate. Without them, ${base}; the rule “${name}” pays ${percentOf(share)} of it.`;
  const negative = net.startsWith("-") ? " A month below zero pays nothing, and is not carried over." : "";
  return `${payout} ${currency}. ${base}; the rule “${name}” pays ${percentOf(share)} of it.${negative}`;
}

/** How a closed month has changed since. */
export function explainCorrection(what: {
  month: string;
  rule: string;
  event_type: string | null;
  currency: string;
  /** As decimals. */
  before: string;
  after: string;
  /** Numbers of conversions. */
  stated: number;
  is: number;
}): string {
  const { month, rule, event_type, currency, before, after, stated, is } = what;
  const forConversions = (number: number) => (event_type === null ? "" : ` for ${number} conversions`);
  return `${month} was closed with ${before} ${currency}${forConversions(stated)} by the rule “${rule}”, and comes to ${after} ${currency}${forConversions(is)} now.`;
}
