/** Click rules: which conversions are flagged, by how they came from their click. */
import { Hono } from "hono";
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { atLeast, projectFor } from "../http/access.ts";
import { readBody } from "../http/body.ts";
import { parameters } from "../http/parameters.ts";
import type { App } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import {
  CLICK_KIND_NAMES,
  CLICK_KINDS,
  type ClickRuleVersion,
  type ClickTerms,
  clickRulesOf,
  LONGEST_DAYS,
} from "../payouts/click-rules.ts";
import { clickTermsInWords } from "../payouts/words.ts";
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

const DAY_SECONDS = 86_400;
const MOST_DAYS = { click: 365, number: LONGEST_DAYS } as const;

const settings = {
  ...ruleFields,
  kind: z.enum(CLICK_KIND_NAMES, `must be one of ${CLICK_KIND_NAMES.join(", ")}`),
  event_type: eventType.nullable(),
  seconds: z.int("must be a whole number").min(1, "must be 1 at least"),
  conversions: z
    .int("must be a whole number")
    .min(1, "must be 1 at least")
    .max(1_000_000, "must be 1000000 at most")
    .nullable(),
};
const { name, kind, seconds, ...optional } = settings;
export const newClickRule = z.strictObject({
  project_id: projectId.optional(),
  name,
  kind,
  seconds,
  ...z.strictObject(optional).partial().shape,
});
export const clickRuleChanges = z.strictObject(settings).partial();

export type ClickTermsView = ClickTerms & { in_words: string };
export type ClickRuleVersionView = VersionView<ClickTermsView>;
export type ClickRuleView = RuleOf<ClickTermsView>;

const RULES: RuleKind<ClickTerms> = {
  table: "click_rules",
  action: "click_rule",
  noun: "click rule",
  inWords: clickTermsInWords,
};
const shown = (terms: ClickTerms): ClickTermsView => ({ ...terms, in_words: clickTermsInWords(terms) });

/** The rules between fields. */
function check({ kind, seconds, conversions }: ClickTerms): void {
  const by = CLICK_KINDS[kind];
  const wrong = (field: string, rule: string) =>
    new Problem(400, `${field} ${rule}`, { errors: [{ field, code: "invalid", message: `${field} ${rule}` }] });
  if ((by === "number") !== (conversions !== null))
    throw wrong("conversions", by === "number" ? `is required for ${kind}` : `is not for ${kind}: leave it out`);
  if (seconds > MOST_DAYS[by] * DAY_SECONDS)
    throw wrong(
      "seconds",
      `must be ${MOST_DAYS[by] * DAY_SECONDS} at most for ${kind}, which is ${MOST_DAYS[by]} days`,
    );
}

const administer = atLeast("admin");

export const clickRuleRoutes = new Hono<App>()
  .use("/click-rules/*", administer)
  .use("/click-rules", administer)
  .get("/click-rules", parameters(rulesQuery), async (c) => {
    const { project_id } = await projectFor(c.env, c.var.principal, c.req.valid("query").project_id, Date.now());
    const rules = Map.groupBy(await clickRulesOf(openDatabase(c.env.DB), project_id), ({ id }) => id);
    return c.json({ rows: [...rules.values()].map((versions): ClickRuleView => viewOf(versions, shown)) });
  })
  .post("/click-rules", async (c) => {
    const { project_id: named, ...given } = await readBody(c, newClickRule);
    const now = Date.now();
    const project = await projectFor(c.env, c.var.principal, named, now);
    const { kind, seconds, conversions = null, event_type = null } = given;
    const terms: ClickTerms = { kind, event_type, seconds, conversions };
    check(terms);
    const version: ClickRuleVersion = {
      id: crypto.randomUUID(),
      version: 1,
      project_id: project.project_id,
      name: given.name,
      banner_tags: given.banner_tags ?? null,
      valid_from: given.valid_from ?? today(project, now),
      terms,
      made_at: now,
    };
    await save(c, RULES, version, null);
    return c.json(viewOf([version], shown) satisfies ClickRuleView, 201);
  })
  .patch("/click-rules/:id", async (c) => {
    const { name, banner_tags, valid_from, ...given } = await readBody(c, clickRuleChanges);
    const now = Date.now();
    const versions = await ownRule(openDatabase(c.env.DB), c.var.principal, RULES, c.req.param("id"));
    const last = versions.at(-1) as ClickRuleVersion;
    if (!last.terms) throw new Problem(409, "This rule has ended: make another one.");
    const project = await projectFor(c.env, c.var.principal, last.project_id, now);
    const terms: ClickTerms = { ...last.terms, ...(given as Partial<ClickTerms>) };
    check(terms);
    const version: ClickRuleVersion = {
      ...last,
      version: last.version + 1,
      name: name ?? last.name,
      banner_tags: banner_tags === undefined ? last.banner_tags : banner_tags,
      valid_from: valid_from ?? today(project, now),
      terms,
      made_at: now,
    };
    await save(c, RULES, version, last);
    return c.json(viewOf([...versions, version], shown) satisfies ClickRuleView);
  })
  .delete("/click-rules/:id", parameters(ruleEnd), async (c) => {
    const now = Date.now();
    const versions = await ownRule(openDatabase(c.env.DB), c.var.principal, RULES, c.req.param("id"));
    const last = versions.at(-1) as ClickRuleVersion;
    const project = await projectFor(c.env, c.var.principal, last.project_id, now);
    const valid_from = c.req.valid("query").valid_from ?? today(project, now);
    await save(c, RULES, { ...last, version: last.version + 1, valid_from, terms: null, made_at: now }, last);
    return c.body(null, 204);
  });
