/** What needs attention now, in a few words, with the view to act in. Pure. */

import type { PlanUseView } from "../../worker/admin/plan.ts";
import type { TargetView } from "../../worker/admin/postback-target.ts";
import type { Requests } from "../../worker/admin/requests.ts";
import { localTime } from "../../worker/calendar.ts";
import type { Health } from "../../worker/reports/health.ts";
import type { Address } from "../address.ts";
import type { Anomalies } from "../anomalies/query.ts";
import { measureText } from "../anomalies/words.ts";
import { clockTime, dateText, exact } from "../format.ts";
import { words } from "../words.ts";

/** `key` names the sign for styles and tests. */
export type Sign = { key: string; text: string; to: Partial<Address> };

/** The answers; null if the reader may not ask, or the request failed. */
export type Looked = {
  rejected: Pick<Requests, "counts" | "rows"> | null;
  letters: { rows: readonly unknown[]; next_cursor: unknown } | null;
  targets: { rows: readonly Pick<TargetView, "name" | "state" | "failures">[] } | null;
  health: Pick<Health, "dependencies" | "exchange_rates" | "failing_duties" | "projections" | "shards"> | null;
  anomalies: Pick<Anomalies, "rows"> | null;
  plan: { rows: readonly Pick<PlanUseView, "what" | "percent">[] } | null;
};

/** The used share of a limit of the plan from which on a sign appears, early enough to act. */
const NEAR_THE_END_PERCENT = 80;

/** The most names that are shown; of the others only the number. */
const NAMED = 3;
const listed = (names: readonly string[]): string =>
  names.length > NAMED
    ? words.attention.andMore(names.slice(0, NAMED).join(", "), exact(names.length - NAMED))
    : names.join(", ");

/** The time and the tags are shown only if the log has every rejected request: of many it keeps only a sample. */
function rejectedSign(
  { counts: { rejected }, rows }: NonNullable<Looked["rejected"]>,
  timezone: string,
  today: string,
): Sign[] {
  if (rejected === 0) return [];
  const tags = [...Map.groupBy(rows, ({ request }) => String(request.banner_tag ?? request.btag ?? words.common.noTag))]
    .map(([tag, rowsOfTag]) => ({ tag, total: rowsOfTag.length }))
    .sort((a, b) => b.total - a.total)
    .map(({ tag }) => tag);
  const first = rows.length === rejected ? rows.at(-1)?.at : undefined;
  const day =
    first !== undefined && localTime(timezone, Date.parse(first)).date < today ? words.attention.yesterday : "";
  const since =
    first === undefined
      ? words.attention.inTheLast24Hours
      : words.attention.since(day, clockTime(first, timezone, false));
  const ofTags = tags.length > 0 ? `: ${listed(tags)}` : "";
  return [
    {
      key: "rejected",
      text: `${words.attention.requestsWereRejected(rejected, exact(rejected), since)}${ofTags}`,
      to: { view: "requests", part: "rejected" },
    },
  ];
}

/** The words for the missing events; a tag without visits is called silent, since it then has no events at all. */
const missing = (measures: readonly string[]): string =>
  measures.includes("visit")
    ? words.attention.isSilent
    : words.attention.hasNo([...new Set(measures.map((measure) => words.inSentence(measureText(measure))))].join(", "));

/** Tags whose events stopped and have not resumed by yesterday or today. */
function silentSign({ rows }: NonNullable<Looked["anomalies"]>, { today, yesterday }: Days): Sign[] {
  const silent = rows.filter(({ kind, banner_tag }) => kind === "silence" && banner_tag !== null);
  const tags = [...Map.groupBy(silent, ({ banner_tag }) => banner_tag as string)].flatMap(([tag, rowsOfTag]) => {
    const days = rowsOfTag.map(({ event_date }) => event_date).sort();
    const [first] = days;
    return first && days.some((day) => day === today || day === yesterday)
      ? [{ tag, first, measures: rowsOfTag.map(({ measure }) => measure) }]
      : [];
  });
  const [only] = tags;
  if (only === undefined) return [];
  const text = listed(
    tags.map(({ tag, first, measures }) => words.attention.tagSince(tag, missing(measures), dateText(first))),
  );
  return [{ key: "silent", text, to: { view: "anomalies", ...(tags.length === 1 && { banner_tag: [only.tag] }) } }];
}

function lettersSign({ rows, next_cursor }: NonNullable<Looked["letters"]>): Sign[] {
  if (rows.length === 0) return [];
  const many = next_cursor == null ? exact(rows.length) : words.attention.moreThan(exact(rows.length));
  return [
    { key: "letters", text: words.attention.eventsCouldNotBeSaved(rows.length, many), to: { view: "dead_letters" } },
  ];
}

function targetsSign({ rows }: NonNullable<Looked["targets"]>): Sign[] {
  // A target is paused after too many failures, or by hand: then it may have no failures.
  const failing = rows.filter(({ state, failures }) => state === "warning" || (state === "paused" && failures > 0));
  if (failing.length === 0) return [];
  const names = listed(failing.map(({ name }) => name));
  return [{ key: "targets", text: words.attention.postbacksFail(names), to: { view: "postbacks" } }];
}

function healthSigns(health: NonNullable<Looked["health"]>): Sign[] {
  const { without_rate } = health.exchange_rates;
  const failing = [health, ...Object.values(health.shards ?? {})].flatMap(
    ({ dependencies, projections, failing_duties }) => [
      ...(dependencies.archive === "failing" ? ["archive"] : []),
      ...Object.entries(projections).flatMap(([name, { status }]) => (status === "failing" ? [name] : [])),
      ...failing_duties.map(({ name }) => name),
    ],
  );
  return [
    ...(without_rate.length > 0
      ? [{ key: "rates", text: words.common.noExchangeRateFor(listed(without_rate)), to: { view: "rates" } }]
      : []),
    ...(failing.length > 0
      ? [{ key: "system", text: words.attention.failing(listed([...new Set(failing)])), to: { view: "projections" } }]
      : []),
  ];
}

const ALLOWED: Record<PlanUseView["what"], string> = {
  database_megabytes: words.attention.sizeOfDatabase,
  requests_a_day: words.attention.requestsOfToday,
  queue_operations_a_day: words.attention.queueOperationsOfToday,
};

function planSign({ rows }: NonNullable<Looked["plan"]>): Sign[] {
  const near = rows.filter(({ percent }) => percent >= NEAR_THE_END_PERCENT);
  if (near.length === 0) return [];
  const shares = near.map(({ what, percent }) => words.attention.shareOf(exact(Math.floor(percent)), ALLOWED[what]));
  return [{ key: "plan", text: words.attention.planIsUsed(listed(shares)), to: { view: "projections" } }];
}

type Days = { today: string; yesterday: string };

/** The most urgent first: data being lost, then missing data, then delays. */
export const signsOf = (
  { letters, rejected, anomalies, health, plan, targets }: Looked,
  timezone: string,
  days: Days,
): readonly Sign[] => [
  ...(letters ? lettersSign(letters) : []),
  ...(rejected ? rejectedSign(rejected, timezone, days.today) : []),
  ...(anomalies ? silentSign(anomalies, days) : []),
  ...(health ? healthSigns(health) : []),
  ...(plan ? planSign(plan) : []),
  ...(targets ? targetsSign(targets) : []),
];
