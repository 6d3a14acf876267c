/** Payout rules and decisions about conversions, in the document. */
import * as z from "zod";
import {
  type ClickRuleVersionView,
  type ClickRuleView,
  type ClickTermsView,
  clickRuleChanges,
  newClickRule,
} from "../admin/click-rules.ts";
import { type Decided, type DecidedAll, decisionQuery, decisions, why } from "../admin/conversions.ts";
import { newRule, type RuleVersionView, type RuleView, ruleChanges, type TermsView } from "../admin/payout-rules.ts";
import { ruleEnd, rulesQuery } from "../admin/rule-versions.ts";
import { type ClosedView, closingQuery } from "../admin/statements.ts";
import { CLICK_KIND_NAMES } from "../payouts/click-rules.ts";
import { STATUSES } from "../payouts/month.ts";
import { TIERS_BY } from "../payouts/terms.ts";
import { instant, maybe, money, text, whole } from "../reports/answer.ts";
import { rows } from "./answers.ts";
import { json, type Operation } from "./operation.ts";

const share = text.describe("In percent.").nullable();
const terms = z
  .object({
    currency: text.describe("What the rule's amounts are in, and what it pays in."),
    event_type: text,
    first_deposit: z.boolean().describe("Only a player's first deposit."),
    min_amount: money.nullable().describe("Only events of so much at least, by the rate of their date."),
    amount: money.nullable().describe("For each event."),
    share: share.describe("Of the month's deposits less withdrawals and refunds, in percent."),
    tiers_by: z.enum(TIERS_BY).nullable(),
    tiers: z.array(
      z.object({
        from: z.union([whole, money]).describe("A number of conversions in the month, or what they come to."),
        amount: money.nullable(),
        share,
      }),
    ),
    cap_day: whole.nullable().describe("So many are paid in a day."),
    cap_month: whole.nullable().describe("So many are paid in a month."),
    hold_days: whole.nullable().describe("Approved so many days after the event; null: only when somebody does it."),
    in_words: text.describe("What it says, in a sentence."),
  })
  .meta({ id: "PayoutTerms" }) satisfies z.ZodType<TermsView>;
const version = z
  .object({
    version: z.int().min(1),
    name: text,
    banner_tags: z.array(text).nullable().describe("The tags that it pays; null is every tag that no rule names."),
    valid_from: z.iso.date().describe("The first day that it covers, up to a newer version's."),
    made_at: instant,
    terms: terms.nullable().describe("Null: from that day on it pays nothing."),
  })
  .meta({ id: "PayoutRuleVersion" }) satisfies z.ZodType<RuleVersionView>;
const rule = z
  .object({ id: text, project_id: text, versions: z.array(version).describe("The newest first.") })
  .meta({ id: "PayoutRule" }) satisfies z.ZodType<RuleView>;
const clickTerms = z
  .object({
    kind: z.enum(CLICK_KIND_NAMES),
    event_type: maybe.describe("Which conversions it judges; null is all."),
    seconds: whole.describe("Between click and conversion, or the time in which others are counted."),
    conversions: whole.nullable().describe("How many others are too many; of `velocity`, how many in all are allowed."),
    in_words: text.describe("What it says, in a sentence."),
  })
  .meta({ id: "ClickTerms" }) satisfies z.ZodType<ClickTermsView>;
const clickVersion = z
  .object({
    version: z.int().min(1),
    name: text,
    banner_tags: z.array(text).nullable().describe("The tags that it judges; null is every tag."),
    valid_from: z.iso.date().describe("The first day that it covers, up to a newer version's."),
    made_at: instant,
    terms: clickTerms.nullable().describe("Null: from that day on it flags nothing."),
  })
  .meta({ id: "ClickRuleVersion" }) satisfies z.ZodType<ClickRuleVersionView>;
const clickRule = z
  .object({ id: text, project_id: text, versions: z.array(clickVersion).describe("The newest first.") })
  .meta({ id: "ClickRule" }) satisfies z.ZodType<ClickRuleView>;
const decided = z
  .object({
    event_id: text,
    status: z.enum(STATUSES).nullable().describe("As it is now; null where there is no such conversion."),
    error: maybe.describe("Why it stays what it was; null where it was decided."),
  })
  .meta({ id: "Decided" }) satisfies z.ZodType<Decided>;
const decidedAll = z
  .object({ decided: whole, results: z.array(decided) })
  .meta({ id: "DecidedAll" }) satisfies z.ZodType<DecidedAll>;

const closed = z
  .object({ project_id: text, month: text, closed_at: instant, closed_by: text })
  .meta({ id: "ClosedStatement" }) satisfies z.ZodType<ClosedView>;

const payouts = { tag: "Payouts", role: "admin" } as const;
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

export const payoutOperations: Operation[] = [
  {
    ...payouts,
    id: "listPayoutRules",
    method: "get",
    path: "/api/v1/payout-rules",
    summary: "List the payout rules of a project",
    description: "With all their versions: what was paid when is never overwritten.",
    query: rulesQuery,
    answers: { 200: { description: "The oldest rule first.", content: json(rows(rule)) } },
  },
  {
    ...payouts,
    id: "createPayoutRule",
    method: "post",
    path: "/api/v1/payout-rules",
    summary: "Make a payout rule",
    description:
      "From `valid_from` on, today where absent; a day that is over is computed, too. `amount` is for each event, `share` of " +
      "the month's revenue, and both together a hybrid. See docs/payouts.md.",
    body: { schema: newRule, examples: { Hybrid: EXAMPLE } },
    answers: { 201: { description: "The rule.", content: json(rule) } },
    problems: [409],
  },
  {
    ...payouts,
    id: "changePayoutRule",
    method: "patch",
    path: "/api/v1/payout-rules/{id}",
    summary: "Change a payout rule from a day on",
    description:
      "Makes a version of the fields that are given and those of the version before. What its days pay is computed again.",
    body: { schema: ruleChanges, examples: { Amount: { valid_from: "2026-11-01", amount: "40" } } },
    answers: { 200: { description: "The rule as it is now.", content: json(rule) } },
    problems: [404, 409],
  },
  {
    ...payouts,
    id: "endPayoutRule",
    method: "delete",
    path: "/api/v1/payout-rules/{id}",
    summary: "End a payout rule from a day on",
    description: "What it paid for the days before stays.",
    query: ruleEnd,
    answers: { 204: { description: "Done." } },
    problems: [404, 409],
  },
  {
    ...payouts,
    id: "listClickRules",
    method: "get",
    path: "/api/v1/click-rules",
    summary: "List the click rules of a project",
    description: "With all their versions.",
    query: rulesQuery,
    answers: { 200: { description: "The oldest rule first.", content: json(rows(clickRule)) } },
  },
  {
    ...payouts,
    id: "createClickRule",
    method: "post",
    path: "/api/v1/click-rules",
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
  {
    ...payouts,
    id: "changeClickRule",
    method: "patch",
    path: "/api/v1/click-rules/{id}",
    summary: "Change a click rule from a day on",
    description:
      "Makes a version of the fields that are given and those of the version before. Its days are judged again.",
    body: { schema: clickRuleChanges, examples: { Seconds: { valid_from: "2026-11-01", seconds: 20 } } },
    answers: { 200: { description: "The rule as it is now.", content: json(clickRule) } },
    problems: [404, 409],
  },
  {
    ...payouts,
    id: "endClickRule",
    method: "delete",
    path: "/api/v1/click-rules/{id}",
    summary: "End a click rule from a day on",
    description: "What it flagged on the days before stays flagged.",
    query: ruleEnd,
    answers: { 204: { description: "Done." } },
    problems: [404, 409],
  },
  {
    ...payouts,
    id: "closeStatement",
    method: "post",
    path: "/api/v1/statements/{month}/close",
    summary: "Close the statement of a month",
    description:
      "It says the same for ever. What changes in the month later is a correction on the next statement that is open. Months are " +
      "closed one behind the other, once they are over.",
    query: closingQuery,
    answers: { 200: { description: "Who closed it, and when.", content: json(closed) } },
    problems: [404, 409],
  },
  {
    ...payouts,
    id: "decideConversion",
    method: "post",
    path: "/api/v1/conversions/{event_id}/{decision}",
    summary: "Approve, reject, refund or charge back a conversion",
    description:
      "`approve` what is pending or rejected, `reject` what is pending or approved, `refund` what is approved, `charge-back` " +
      "what is approved or refunded. The reason is kept with it.",
    query: decisionQuery,
    body: { schema: why, examples: { Reason: { reason: "Checked by hand" } } },
    answers: { 200: { description: "What it is now.", content: json(decided) } },
    problems: [404, 409],
  },
  {
    ...payouts,
    id: "decideConversions",
    method: "post",
    path: "/api/v1/conversions/decisions",
    summary: "Decide about up to 500 conversions at once",
    description: "Each as by itself: one that cannot be decided so holds up no other.",
    body: {
      schema: decisions,
      examples: { Several: { decision: "approve", event_ids: ["order-1"], reason: "Checked by hand" } },
    },
    answers: { 200: { description: "What became of each.", content: json(decidedAll) } },
    problems: [409],
  },
];
