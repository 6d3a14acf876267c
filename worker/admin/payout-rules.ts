/** Payout rules: what a tag is paid for. A rule is never overwritten: a change is a version that is valid from a day on. */
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { CURRENCIES, formatMoney, parseMoney } from "../money.ts";
import { type RuleVersion, rulesOf, type Terms, TIERS_BY } from "../payouts/terms.ts";
import { termsInWords } from "../payouts/words.ts";
import { instant, money, text, whole } from "../reports/answer.ts";
import { route } from "./route.ts";
import { ownRule, type RuleKind, ruleEnd, ruleFields, rulesQuery, save, today, viewOf } from "./rule-versions.ts";

/** 100 %, in 1/10,000 of a percent. */
const ALL = 1_000_000;

const decimal = z
  .string("must be a decimal string")
  .refine((text) => parseMoney(text) !== null, "must be a decimal with at most 4 places");
const percent = z
  .string("must be a decimal string")
  .refine((text) => (parseMoney(text) ?? ALL + 1) <= ALL, "must be a percentage of at most 4 places, up to 100");
const most = z.int("must be a whole number").min(1, "must be 1 at least").max(1_000_000, "must be 1000000 at most");
const tier = z.strictObject({
  from: z.union([most, decimal], "must be a whole number, or a decimal string where tiers go by a sum"),
  amount: decimal.nullable().optional(),
  share: percent.nullable().optional(),
});
const settings = {
  ...ruleFields,
  event_type: eventType,
  currency: z.string().refine((code) => CURRENCIES.has(code), "must be an ISO 4217 code, such as EUR"),
  first_deposit: z.boolean("must be true or false"),
  min_amount: decimal.nullable(),
  amount: decimal.nullable(),
  share: percent.nullable(),
  tiers_by: z.enum(TIERS_BY, `must be one of ${TIERS_BY.join(", ")}`).nullable(),
  tiers: z.array(tier).max(20, "must be 20 at most"),
  cap_day: most.nullable(),
  cap_month: most.nullable(),
  hold_days: z.int("must be a whole number").min(0, "must not be negative").max(365, "must be 365 at most").nullable(),
};
const { name, ...optional } = settings;
export const newRule = z.strictObject({
  project_id: projectId.optional(),
  name,
  ...z.strictObject(optional).partial().shape,
});
export const ruleChanges = z.strictObject(settings).partial();
type Given = z.output<typeof ruleChanges>;

const shareView = text.describe("In percent.").nullable();
const payoutTerms = z
  .object({
    currency: text.describe("What the rule's amounts are in, and what it pays in."),
    event_type: text,
    first_deposit: z.boolean().describe("Only a player's first deposit."),
    min_amount: money.nullable().describe("Only events of so much at least, by the rate of their date."),
    amount: money.nullable().describe("For each event."),
    share: shareView.describe("Of the month's deposits less withdrawals and refunds, in percent."),
    tiers_by: z.enum(TIERS_BY).nullable(),
    tiers: z.array(
      z.object({
        from: z.union([whole, money]).describe("A number of conversions in the month, or what they come to."),
        amount: money.nullable(),
        share: shareView,
      }),
    ),
    cap_day: whole.nullable().describe("So many are paid in a day."),
    cap_month: whole.nullable().describe("So many are paid in a month."),
    hold_days: whole.nullable().describe("Approved so many days after the event; null: only when somebody does it."),
    in_words: text.describe("What it says, in a sentence."),
  })
  .meta({ id: "PayoutTerms" });
const payoutRuleVersion = z
  .object({
    version: z.int().min(1),
    name: text,
    banner_tags: z.array(text).nullable().describe("The tags that it pays; null is every tag that no rule names."),
    valid_from: z.iso.date().describe("The first day that it covers, up to a newer version's."),
    made_at: instant,
    terms: payoutTerms.nullable().describe("Null: from that day on it pays nothing."),
  })
  .meta({ id: "PayoutRuleVersion" });
const payoutRule = z
  .object({ id: text, project_id: text, versions: z.array(payoutRuleVersion).describe("The newest first.") })
  .meta({ id: "PayoutRule" });
const EXAMPLE = {
  project_id: "default",
  name: "First deposits",
  event_type: "deposit",
  first_deposit: true,
  min_amount: "20",
  amount: "35",
  share: "25",
  hold_days: 14,
};
export type TermsView = z.output<typeof payoutTerms>;
export type RuleVersionView = z.output<typeof payoutRuleVersion>;
export type RuleView = z.output<typeof payoutRule>;

const RULES: RuleKind<Terms> = {
  table: "payout_rules",
  action: "payout_rule",
  noun: "payout rule",
  inWords: (terms, name) => termsInWords({ terms, name }),
};

const shown = (units: number | null) => (units === null ? null : formatMoney(units));
const viewOfTerms = (terms: Terms, name: string): TermsView => ({
  ...terms,
  min_amount: shown(terms.min_amount),
  amount: shown(terms.amount),
  share: shown(terms.share),
  tiers: terms.tiers.map(({ from, amount, share }) => ({
    from: terms.tiers_by === "sum" ? formatMoney(from) : from,
    amount: shown(amount),
    share: shown(share),
  })),
  in_words: termsInWords({ terms, name }),
});
const unitsOf = (text: string | null | undefined) => (text == null ? null : parseMoney(text));

/** The former terms of a rule with the changes of a request. */
function termsOf(given: Given, before: Terms): Terms {
  const money = (field: "min_amount" | "amount" | "share") =>
    given[field] === undefined ? before[field] : unitsOf(given[field]);
  const tiers_by = given.tiers_by === undefined ? before.tiers_by : given.tiers_by;
  return {
    currency: given.currency ?? before.currency,
    event_type: given.event_type ?? before.event_type,
    first_deposit: given.first_deposit ?? before.first_deposit,
    min_amount: money("min_amount"),
    amount: money("amount"),
    share: money("share"),
    tiers_by,
    tiers:
      given.tiers?.map(({ from, amount, share }) => ({
        from: typeof from === "string" ? (unitsOf(from) as number) : from,
        amount: unitsOf(amount),
        share: unitsOf(share),
      })) ?? before.tiers,
    cap_day: given.cap_day === undefined ? before.cap_day : given.cap_day,
    cap_month: given.cap_month === undefined ? before.cap_month : given.cap_month,
    hold_days: given.hold_days === undefined ? before.hold_days : given.hold_days,
  };
}

/** The rules between fields. */
function check(terms: Terms, given: Given): void {
  const errors: Complaint[] = [];
  const wrong = (field: string, rule: string) => errors.push({ field, code: "invalid", message: `${field} ${rule}` });
  const { tiers, tiers_by } = terms;
  if (terms.amount === null && terms.share === null && tiers.length === 0)
    wrong("amount", "is required, or share, or tiers: the rule pays nothing");
  if (terms.first_deposit && terms.event_type !== "deposit") wrong("first_deposit", "needs event_type deposit");
  if (tiers.length > 0 !== (tiers_by !== null))
    wrong(tiers_by === null ? "tiers_by" : "tiers", "is required: tiers go by a number or a sum");
  if (tiers.some(({ amount, share }) => amount === null && share === null)) wrong("tiers", "need an amount or a share");
  if (tiers.some(({ from }, index) => index > 0 && from <= (tiers[index - 1]?.from ?? 0)))
    wrong("tiers", "must be in order, each from more than the one before");
  if (given.tiers?.some(({ from }) => (typeof from === "string") !== (tiers_by === "sum")))
    wrong("tiers", "must each be from a number, or from a decimal string where they go by a sum");
  if (errors.length > 0) throw new Problem(400, errors.map(({ message }) => message).join("; "), { errors });
}

const administered = { tag: "Payouts", role: "admin" } as const;

export const payoutRuleRoutes = [
  route(
    {
      id: "listPayoutRules",
      method: "get",
      path: "/payout-rules",
      ...administered,
      summary: "List the payout rules of a project",
      description: "With all their versions: what was paid when is never overwritten.",
      query: rulesQuery,
      answers: { 200: { description: "The oldest rule first.", content: json(rows(payoutRule)) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const rules = Map.groupBy(await rulesOf(db, project_id), ({ id }) => id);
      return { rows: [...rules.values()].map((versions) => viewOf(versions, viewOfTerms)) };
    },
  ),
  route(
    {
      id: "createPayoutRule",
      method: "post",
      path: "/payout-rules",
      ...administered,
      summary: "Make a payout rule",
      description:
        "From `valid_from` on, today where absent; a day that is over is computed, too. `amount` is for each event, `share` of " +
        "the month's revenue, and both together a hybrid. See docs/payouts.md.",
      body: { schema: newRule, examples: { Hybrid: EXAMPLE } },
      answers: { 201: { description: "The rule.", content: json(payoutRule) } },
      problems: [409],
    },
    async ({ c, readBody, projectFor, now }) => {
      const { project_id: named, ...given } = await readBody();
      const project = await projectFor(named);
      const { project_id, currency } = project;
      const nothing: Terms = {
        currency,
        event_type: "deposit",
        first_deposit: false,
        min_amount: null,
        amount: null,
        share: null,
        tiers_by: null,
        tiers: [],
        cap_day: null,
        cap_month: null,
        hold_days: null,
      };
      const version: RuleVersion = {
        id: crypto.randomUUID(),
        version: 1,
        project_id,
        name: given.name,
        banner_tags: given.banner_tags ?? null,
        valid_from: given.valid_from ?? today(project, now),
        terms: termsOf(given, nothing),
        made_at: now,
      };
      check(version.terms as Terms, given);
      await save(c, RULES, version, null);
      return viewOf([version], viewOfTerms);
    },
  ),
  route(
    {
      id: "changePayoutRule",
      method: "patch",
      path: "/payout-rules/:id",
      on: { row: "payout_rules" },
      ...administered,
      summary: "Change a payout rule from a day on",
      description:
        "Makes a version of the fields that are given and those of the version before. What its days pay is computed again.",
      body: { schema: ruleChanges, examples: { Amount: { valid_from: "2026-11-01", amount: "40" } } },
      answers: { 200: { description: "The rule as it is now.", content: json(payoutRule) } },
      problems: [404, 409],
    },
    async ({ c, db, principal, params, readBody, projectFor, now }) => {
      const given = await readBody();
      const versions = await ownRule(db, principal, RULES, params.id);
      const last = versions.at(-1) as RuleVersion;
      if (!last.terms) throw new Problem(409, "This rule has ended: make another one.");
      const project = await projectFor(last.project_id);
      const version: RuleVersion = {
        ...last,
        version: last.version + 1,
        name: given.name ?? last.name,
        banner_tags: given.banner_tags === undefined ? last.banner_tags : given.banner_tags,
        valid_from: given.valid_from ?? today(project, now),
        terms: termsOf(given, last.terms),
        made_at: now,
      };
      check(version.terms as Terms, given);
      await save(c, RULES, version, last);
      return viewOf([...versions, version], viewOfTerms);
    },
  ),
  route(
    {
      id: "endPayoutRule",
      method: "delete",
      path: "/payout-rules/:id",
      on: { row: "payout_rules" },
      ...administered,
      summary: "End a payout rule from a day on",
      description: "What it paid for the days before stays.",
      query: ruleEnd,
      answers: { 204: { description: "Done." } },
      problems: [404, 409],
    },
    async ({ c, db, principal, params, query, projectFor, now }) => {
      const versions = await ownRule(db, principal, RULES, params.id);
      const last = versions.at(-1) as RuleVersion;
      const project = await projectFor(last.project_id);
      const valid_from = query.valid_from ?? today(project, now);
      const version: RuleVersion = { ...last, version: last.version + 1, valid_from, terms: null, made_at: now };
      await save(c, RULES, version, last);
    },
  ),
] as const;
