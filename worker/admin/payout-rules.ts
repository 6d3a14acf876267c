/** Payout rules: what a tag is paid for. A rule is never overwritten: a change is a version that is valid from a day on. */
import { Hono } from "hono";
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { atLeast, projectFor } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { CURRENCIES, formatMoney, parseMoney } from "../money.ts";
import { type RuleVersion, rulesOf, type Terms, TIERS_BY } from "../payouts/terms.ts";
import { termsInWords } from "../payouts/words.ts";
import { openDatabase } from "../schema.ts";
import {
  ownRule,
  type RuleKind,
  type RuleOf,
  ruleEnd,
  ruleFields,
  rulesQuery,
  save,
  today,
  type VersionView,
  viewOf,
} from "./rule-versions.ts";

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

export type TermsView = Omit<Terms, "min_amount" | "amount" | "share" | "tiers"> & {
  min_amount: string | null;
  amount: string | null;
  share: string | null;
  tiers: { from: number | string; amount: string | null; share: string | null }[];
  /** What it says, in a sentence. */
  in_words: string;
};
export type RuleVersionView = VersionView<TermsView>;
export type RuleView = RuleOf<TermsView>;

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

/** What is given, over what was said before. */
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

const administer = atLeast("admin");

export const payoutRuleRoutes = new Hono<App>()
  .use("/payout-rules/*", administer)
  .use("/payout-rules", administer)
  .get("/payout-rules", parameters(rulesQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const rules = Map.groupBy(await rulesOf(openDatabase(c.env.DB), project_id), ({ id }) => id);
    return c.json({ rows: [...rules.values()].map((versions) => viewOf(versions, viewOfTerms)) });
  })
  .post("/payout-rules", async (c) => {
    const { project_id: named, ...given } = await readBody(c, newRule);
    const now = Date.now();
    const project = await projectFor(c.env, c.var.principal, named, now);
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
    return c.json(viewOf([version], viewOfTerms) satisfies RuleView, 201);
  })
  .patch("/payout-rules/:id", async (c) => {
    const given = await readBody(c, ruleChanges);
    const now = Date.now();
    const versions = await ownRule(openDatabase(c.env.DB), c.var.principal, RULES, c.req.param("id"));
    const last = versions.at(-1) as RuleVersion;
    if (!last.terms) throw new Problem(409, "This rule has ended: make another one.");
    const project = await projectFor(c.env, c.var.principal, last.project_id, now);
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
    return c.json(viewOf([...versions, version], viewOfTerms) satisfies RuleView);
  })
  .delete("/payout-rules/:id", parameters(ruleEnd), async (c) => {
    const now = Date.now();
    const versions = await ownRule(openDatabase(c.env.DB), c.var.principal, RULES, c.req.param("id"));
    const last = versions.at(-1) as RuleVersion;
    const project = await projectFor(c.env, c.var.principal, last.project_id, now);
    const valid_from = c.req.valid("query").valid_from ?? today(project, now);
    const version: RuleVersion = { ...last, version: last.version + 1, valid_from, terms: null, made_at: now };
    await save(c, RULES, version, last);
    return c.body(null, 204);
  });
