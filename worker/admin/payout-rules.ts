/** Payout rules: what a tag is paid for. A rule is never overwritten: a change is a version that is valid from a day on. */
import { type SQL, sql } from "drizzle-orm";
import { type Context, Hono } from "hono";
import * as z from "zod";
import { localTime } from "../calendar.ts";
import { eventType, projectId } from "../event.ts";
import { atLeast, projectFor, reaches } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { parameters } from "../http/parameters.ts";
import type { App, Principal } from "../http/principal.ts";
import { type Complaint, Problem } from "../http/problem.ts";
import { CURRENCIES, formatMoney, parseMoney } from "../money.ts";
import { dueFrom } from "../payouts/compute.ts";
import { wakePayouts } from "../payouts/keeping.ts";
import { type RuleVersion, rulesOf, type Terms, TIERS_BY } from "../payouts/terms.ts";
import { termsInWords } from "../payouts/words.ts";
import type { Project } from "../project.ts";
import { date } from "../reports/period.ts";
import { type Database, openDatabase } from "../schema.ts";
import { act } from "./audit.ts";

const MOST_RULES = 200;
const MOST_VERSIONS = 200;
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
  name: z.string().min(1, "must not be empty").max(200, "is too long"),
  banner_tags: z
    .array(z.string().min(1, "must not be empty").max(128, "is too long"))
    .min(1, "must name one tag at least")
    .max(500, "must be 500 at most")
    .nullable(),
  valid_from: date,
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
export const rulesQuery = z.strictObject({ project_id: projectId.optional() });
export const ruleEnd = z.strictObject({
  valid_from: date.optional().describe("From this day on it pays nothing. Today where absent."),
});

type Given = z.output<typeof ruleChanges>;

export type TermsView = Omit<Terms, "min_amount" | "amount" | "share" | "tiers"> & {
  min_amount: string | null;
  amount: string | null;
  share: string | null;
  tiers: { from: number | string; amount: string | null; share: string | null }[];
  /** What it says, in a sentence. */
  in_words: string;
};
export type RuleVersionView = Pick<RuleVersion, "version" | "name" | "banner_tags" | "valid_from"> & {
  made_at: string;
  terms: TermsView | null;
};
export type RuleView = { id: string; project_id: string; versions: RuleVersionView[] };

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
/** The newest version first. */
const viewOf = (versions: readonly RuleVersion[]): RuleView => {
  const [{ id, project_id }] = versions as [RuleVersion, ...RuleVersion[]];
  return {
    id,
    project_id,
    versions: versions.toReversed().map(({ version, name, banner_tags, valid_from, made_at, terms }) => ({
      version,
      name,
      banner_tags,
      valid_from,
      made_at: new Date(made_at).toISOString(),
      terms: terms && viewOfTerms(terms, name),
    })),
  };
};

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

async function ownRule(db: Database, principal: Principal, id: string): Promise<[RuleVersion, ...RuleVersion[]]> {
  const found = await db.get<{ project_id: string } | undefined>(
    sql`SELECT project_id FROM payout_rules WHERE id = ${id} LIMIT 1`,
  );
  if (!found || !reaches(principal, found.project_id)) throw new Problem(404, `There is no payout rule ${id}.`);
  const versions = (await rulesOf(db, found.project_id)).filter((version) => version.id === id);
  return versions as [RuleVersion, ...RuleVersion[]];
}

/** A version, and the months that it changes. The tags are those that it or the one before is about. */
function write(version: RuleVersion, before: RuleVersion | null, limit: SQL): SQL[] {
  const { id, project_id, name, banner_tags, valid_from, terms, made_at } = version;
  const both =
    before && (banner_tags === null || before.banner_tags === null ? null : [...banner_tags, ...before.banner_tags]);
  const tags = before ? both : banner_tags;
  return [
    sql`INSERT INTO payout_rules (id, version, project_id, name, banner_tags, valid_from, terms, made_at)
      SELECT ${id}, ${version.version}, ${project_id}, ${name}, ${banner_tags && JSON.stringify(banner_tags)},
        ${valid_from}, ${terms && JSON.stringify(terms)}, CASE WHEN ${limit} THEN ${made_at} END`,
    dueFrom(project_id, valid_from.slice(0, 7), tags),
  ];
}

/** Writes it with the note of who did, and has its months computed. */
async function save(
  c: Context<App>,
  version: RuleVersion,
  before: RuleVersion | null,
  action: string,
  limit: SQL,
): Promise<void> {
  const { id, project_id, name, banner_tags, valid_from, terms } = version;
  const details = {
    name,
    banner_tags,
    valid_from,
    version: version.version,
    ...(terms && { pays: termsInWords({ terms, name }) }),
  };
  try {
    await act(openDatabase(c.env.DB), c.var.principal, version.made_at, { project_id, action, subject: id, details }, [
      ...write(version, before, limit),
    ]);
  } catch (error) {
    if (/UNIQUE constraint failed: payout_rules/.test(String(error)))
      throw new Problem(409, "Others are changing this rule at this moment. Please try again.");
    if (!/NOT NULL constraint failed: payout_rules\.made_at/.test(String(error))) throw error;
    throw new Problem(
      409,
      before
        ? `A rule has ${MOST_VERSIONS} versions at most.`
        : `${project_id} has ${MOST_RULES} rules, which is the most.`,
    );
  }
  await wakePayouts(c.env);
}

const today = ({ timezone }: Project, now: number) => localTime(timezone, now).date;
const administer = atLeast("admin");

export const payoutRuleRoutes = new Hono<App>()
  .use("/payout-rules/*", administer)
  .use("/payout-rules", administer)
  .get("/payout-rules", parameters(rulesQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const rules = Map.groupBy(await rulesOf(openDatabase(c.env.DB), project_id), ({ id }) => id);
    return c.json({ rows: [...rules.values()].map(viewOf) });
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
    const limit = sql`(SELECT count(DISTINCT id) FROM payout_rules WHERE project_id = ${project_id}) < ${MOST_RULES}`;
    await save(c, version, null, "payout_rule.create", limit);
    return c.json(viewOf([version]) satisfies RuleView, 201);
  })
  .patch("/payout-rules/:id", async (c) => {
    const given = await readBody(c, ruleChanges);
    const now = Date.now();
    const versions = await ownRule(openDatabase(c.env.DB), c.var.principal, c.req.param("id"));
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
    await save(c, version, last, "payout_rule.change", sql`${last.version} < ${MOST_VERSIONS}`);
    return c.json(viewOf([...versions, version]) satisfies RuleView);
  })
  .delete("/payout-rules/:id", parameters(ruleEnd), async (c) => {
    const now = Date.now();
    const versions = await ownRule(openDatabase(c.env.DB), c.var.principal, c.req.param("id"));
    const last = versions.at(-1) as RuleVersion;
    const project = await projectFor(c.env, c.var.principal, last.project_id, now);
    const valid_from = c.req.valid("query").valid_from ?? today(project, now);
    const version: RuleVersion = { ...last, version: last.version + 1, valid_from, terms: null, made_at: now };
    await save(c, version, last, "payout_rule.end", sql`true`);
    return c.body(null, 204);
  });
