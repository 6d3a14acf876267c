/** Click rules: which conversions are flagged, by how they came from their click. */
import * as z from "zod";
import { eventType, projectId } from "../event.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
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
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { route } from "./route.ts";
import { ownRule, type RuleKind, ruleEnd, ruleFields, rulesQuery, save, today, viewOf } from "./rule-versions.ts";

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

const clickTerms = z
  .object({
    kind: z.enum(CLICK_KIND_NAMES),
    event_type: maybe.describe("Which conversions it judges; null is all."),
    seconds: whole.describe("Between click and conversion, or the time in which others are counted."),
    conversions: whole.nullable().describe("How many others are too many; of `velocity`, how many in all are allowed."),
    in_words: text.describe("What it says, in a sentence."),
  })
  .meta({ id: "ClickTerms" });
const clickVersion = z
  .object({
    version: z.int().min(1),
    name: text,
    banner_tags: z.array(text).nullable().describe("The tags that it judges; null is every tag."),
    valid_from: z.iso.date().describe("The first day that it covers, up to a newer version's."),
    made_at: instant,
    terms: clickTerms.nullable().describe("Null: from that day on it flags nothing."),
  })
  .meta({ id: "ClickRuleVersion" });
const clickRule = z
  .object({ id: text, project_id: text, versions: z.array(clickVersion).describe("The newest first.") })
  .meta({ id: "ClickRule" });
export type ClickTermsView = z.output<typeof clickTerms>;
export type ClickRuleVersionView = z.output<typeof clickVersion>;
export type ClickRuleView = z.output<typeof clickRule>;

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

const administered = { tag: "Payouts", role: "admin" } as const;

export const clickRuleRoutes = [
  route(
    {
      id: "listClickRules",
      method: "get",
      path: "/click-rules",
      ...administered,
      summary: "List the click rules of a project",
      description: "With all their versions.",
      query: rulesQuery,
      answers: { 200: { description: "The oldest rule first.", content: json(rows(clickRule)) } },
    },
    async ({ db, query, projectFor }) => {
      const { project_id } = await projectFor(query.project_id);
      const rules = Map.groupBy(await clickRulesOf(db, project_id), ({ id }) => id);
      return { rows: [...rules.values()].map((versions): ClickRuleView => viewOf(versions, shown)) };
    },
  ),
  route(
    {
      id: "createClickRule",
      method: "post",
      path: "/click-rules",
      ...administered,
      summary: "Make a click rule",
      description:
        "It flags conversions by how they came from their click: then they pay nothing until somebody approves them. From `valid_from` " +
        "on, today where absent; days that are over are judged again. See docs/payouts.md.",
      body: {
        schema: newClickRule,
        examples: {
          Fast: { project_id: "default", name: "Faster than a person", kind: "too_fast", seconds: 10 },
          Network: {
            name: "One network",
            kind: "same_network",
            seconds: 86_400,
            conversions: 3,
            event_type: "registration",
          },
        },
      },
      answers: { 201: { description: "The rule.", content: json(clickRule) } },
      problems: [409],
    },
    async ({ c, readBody, projectFor, now }) => {
      const { project_id: named, ...given } = await readBody();
      const project = await projectFor(named);
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
      return viewOf([version], shown);
    },
  ),
  route(
    {
      id: "changeClickRule",
      method: "patch",
      path: "/click-rules/:id",
      on: { row: "click_rules" },
      ...administered,
      summary: "Change a click rule from a day on",
      description:
        "Makes a version of the fields that are given and those of the version before. Its days are judged again.",
      body: { schema: clickRuleChanges, examples: { Seconds: { valid_from: "2026-11-01", seconds: 20 } } },
      answers: { 200: { description: "The rule as it is now.", content: json(clickRule) } },
      problems: [404, 409],
    },
    async ({ c, db, principal, params, readBody, projectFor, now }) => {
      const { name, banner_tags, valid_from, ...given } = await readBody();
      const versions = await ownRule(db, principal, RULES, params.id);
      const last = versions.at(-1) as ClickRuleVersion;
      if (!last.terms) throw new Problem(409, "This rule has ended: make another one.");
      const project = await projectFor(last.project_id);
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
      return viewOf([...versions, version], shown);
    },
  ),
  route(
    {
      id: "endClickRule",
      method: "delete",
      path: "/click-rules/:id",
      on: { row: "click_rules" },
      ...administered,
      summary: "End a click rule from a day on",
      description: "What it flagged on the days before stays flagged.",
      query: ruleEnd,
      answers: { 204: { description: "Done." } },
      problems: [404, 409],
    },
    async ({ c, db, principal, params, query, projectFor, now }) => {
      const versions = await ownRule(db, principal, RULES, params.id);
      const last = versions.at(-1) as ClickRuleVersion;
      const project = await projectFor(last.project_id);
      const valid_from = query.valid_from ?? today(project, now);
      await save(c, RULES, { ...last, version: last.version + 1, valid_from, terms: null, made_at: now }, last);
    },
  ),
] as const;
