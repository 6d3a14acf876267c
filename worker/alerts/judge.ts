/** Whether a condition holds now, with a sentence about what was found. */
import { sql } from "drizzle-orm";
import { hasArchive } from "../archive/attached.ts";
import { addDays, localTime } from "../calendar.ts";
import { failingDuties } from "../duties/failing-duties.ts";
import { ADMIN } from "../http/keys.ts";
import { type Limited, planUse } from "../meter/plan-use.ts";
import { stateOf } from "../postbacks/ladder.ts";
import { targetsOf } from "../postbacks/target.ts";
import { isByDays } from "../projections/figures-progress.ts";
import { feedHealth } from "../rates/feed.ts";
import { SEVERITIES } from "../reports/anomalies/verdict.ts";
import { anomalies } from "../reports/anomalies.ts";
import { projectionHealth } from "../reports/health.ts";
import { daysOf } from "../reports/narrowing.ts";
import { withoutRate } from "../reports/without-rate.ts";
import { SAMPLES_KEPT } from "../request-log/log.ts";
import type { Condition, ConditionKind, ConditionOf } from "./condition.ts";
import { eventsIn, isFresh, spanOf, tagsOf, valuesOf, type Watched } from "./measure.ts";
import { figure, lengthOf, nounOf, whose } from "./words.ts";

/** `holds` is null where the figures are behind, so that it cannot be known: then the alert's state does not change. */
export type Finding = { holds: boolean | null; finding: string };

/** Figures that are behind would look like a silence although events arrive. */
const BEHIND: Finding = { holds: null, finding: "The figures are behind: nothing can be said." };

async function threshold(watched: Watched, given: ConditionOf<"threshold">): Promise<Finding> {
  const { metric, event_type, comparison, value, minutes } = given;
  const span = spanOf(watched.project.timezone, watched.now, minutes, "running");
  if (!(await isFresh(watched, span.granularity))) return BEHIND;
  const [found = null] = await valuesOf(watched, given, span);
  const holds = found !== null && (comparison === "above" ? found > value : found < value);
  const what = metric === "conversion_rate" ? `a conversion rate${whose(given)} of ` : "";
  const noun = metric === "conversion_rate" ? "" : ` ${nounOf(metric, event_type)}${whose(given)}`;
  return {
    holds,
    finding: `The last ${lengthOf(minutes)} had ${what}${found === null ? "none" : figure(found, metric)}${noun}; the limit is ${comparison} ${figure(value, metric)}.`,
  };
}

async function change(watched: Watched, given: ConditionOf<"change">): Promise<Finding> {
  const { metric, event_type, direction, percent, at_least = 0, minutes } = given;
  const span = spanOf(watched.project.timezone, watched.now, minutes, "pair");
  if (!(await isFresh(watched, span.granularity))) return BEHIND;
  const [before = null, found = null] = await valuesOf(watched, given, span);
  const shown = (value: number | null) => (value === null ? "none" : figure(value, metric));
  const noun = metric === "conversion_rate" ? "conversion rate" : nounOf(metric, event_type);
  const finding = `${shown(found)} ${noun}${whose(given)} in the last ${lengthOf(minutes)}, ${shown(before)} in the ${lengthOf(minutes)} before.`;
  if (before === null || found === null || before === 0 || before < at_least) return { holds: false, finding };
  const changed = (100 * (found - before)) / before;
  return { holds: direction === "rise" ? changed >= percent : changed <= -percent, finding };
}

async function silence(watched: Watched, given: ConditionOf<"silence">): Promise<Finding> {
  const { event_type, minutes } = given;
  const span = spanOf(watched.project.timezone, watched.now, minutes, "running");
  if (!(await isFresh(watched, span.granularity))) return BEHIND;
  const found = await eventsIn(watched, given, span);
  const count = found === 0 ? "No" : figure(found);
  return {
    holds: found === 0,
    finding: `${count} ${event_type} ${found === 1 ? "event" : "events"}${whose(given)} in the last ${lengthOf(minutes)}.`,
  };
}

const MOST_SENTENCES = 5;

/** The anomalies of yesterday, and those of today that are certain already. */
async function anomaly(watched: Watched, given: ConditionOf<"anomaly">): Promise<Finding> {
  const { env, db, project, now } = watched;
  if (!(await isFresh(watched, "hour"))) return BEHIND;
  const { date } = localTime(project.timezone, now);
  const period = { from: addDays(date, -1), to: date };
  const tags = await tagsOf(watched, given);
  const { project_id } = project;
  const days = (await isByDays(db, project_id))
    ? await daysOf({ ...watched, principal: ADMIN }, { tags: null }, null)
    : null;
  const { body } = await anomalies.read({
    env,
    db,
    project,
    principal: ADMIN,
    ...{ field: null, firstEvent: {}, days, byDays: false },
    tags,
    query: {},
    params: {},
    period,
    now,
  });
  const worst = SEVERITIES.slice(0, SEVERITIES.indexOf(given.severity) + 1);
  const found = body.rows.filter(({ severity }) => worst.includes(severity)).map(({ message }) => message);
  const more = found.length - MOST_SENTENCES;
  return {
    holds: found.length > 0,
    finding:
      found.length === 0
        ? "Nothing has left its expected band."
        : [...found.slice(0, MOST_SENTENCES), ...(more > 0 ? [`And ${more} more.`] : [])].join(" "),
  };
}

/** Rejections are counted by the hour. Those of a tag are counted among the samples that are kept, so there may be more. */
async function rejections({ env, project, now }: Watched, given: ConditionOf<"rejections">): Promise<Finding> {
  const { above, hours, code, banner_tag } = given;
  const since = now - hours * 3_600_000;
  const log = env.REQUEST_LOG.getByName(project.project_id);
  const most = banner_tag === undefined ? 0 : SAMPLES_KEPT;
  const { total, reasons, samples } = await log.read(since, Number.MAX_SAFE_INTEGER, most, { code });
  const isOfTag = (request: string) => {
    const sent = JSON.parse(request) as { banner_tag?: unknown; btag?: unknown };
    return (sent.banner_tag ?? sent.btag) === banner_tag;
  };
  const found =
    banner_tag !== undefined
      ? samples.filter(({ request }) => isOfTag(request)).length
      : code === undefined
        ? total
        : reasons.reduce((sum, reason) => sum + (reason.code === code ? reason.total : 0), 0);
  const why = code === undefined ? "" : ` for ${code}`;
  const ofTag = banner_tag === undefined ? "" : ` of tag ${banner_tag}`;
  return {
    holds: found > above,
    finding: `${figure(found)} events${ofTag} were refused${why} in the last ${lengthOf(60 * hours)}; the limit is ${figure(above)}.`,
  };
}

async function postbacks({ db, project }: Watched): Promise<Finding> {
  const failing = (await targetsOf(db, project.project_id))
    .filter((target) => target.paused_by !== "admin" && stateOf(target) !== "active")
    .map((target) => `${target.name} (${stateOf(target)})`);
  return {
    holds: failing.length > 0,
    finding: failing.length > 0 ? `These take no postbacks: ${failing.join(", ")}.` : "All targets take postbacks.",
  };
}

async function deadLetters({ db, project }: Watched, { above }: ConditionOf<"dead_letters">): Promise<Finding> {
  const { total } = (await db.get<{ total: number }>(sql`SELECT count(*) AS total FROM dead_letters
    WHERE project_id = ${project.project_id} AND status = 'waiting'`)) as { total: number };
  return { holds: total > above, finding: `${figure(total)} dead letters wait; the limit is ${figure(above)}.` };
}

async function rates({ env, db, now }: Watched): Promise<Finding> {
  const [{ status, last_rate_date }, unrated] = await Promise.all([feedHealth(env, db, now), withoutRate(db, now)]);
  const behind = status === "failing" || status === "stale";
  const parts = [
    ...(behind
      ? [`The feed of exchange rates is ${status}; its newest rates are of ${last_rate_date ?? "no day"}.`]
      : []),
    ...(unrated.length > 0 ? [`Nothing converts ${unrated.join(", ")}.`] : []),
  ];
  return { holds: parts.length > 0, finding: parts.join(" ") || "All money has rates." };
}

/** Projections and duties that are late or fail: those of the archive, or all others. */
async function machinery({ env, db, now }: Watched, ofArchive: boolean): Promise<Finding> {
  const [health, duties] = await Promise.all([projectionHealth(env, db, now), failingDuties(db)]);
  const isOf = (name: string) => /^(?:archive|compaction)/.test(name) === ofArchive;
  const late = Object.entries(health)
    .filter(([name, { status }]) => isOf(name) && status !== "ok" && status !== "counting")
    .map(([name, { status, lag_events }]) => `${name} is ${status}, ${figure(lag_events)} events`);
  const failing = duties.filter(({ name }) => isOf(name)).map(({ name, since }) => `${name} fails since ${since}`);
  const found = [...late, ...failing];
  return { holds: found.length > 0, finding: found.length > 0 ? `${found.join("; ")}.` : "All is as it should be." };
}

const ALLOWED: Record<Limited, string> = {
  database_megabytes: "the database's size",
  requests_a_day: "the day's requests",
  queue_operations_a_day: "the day's queue operations",
};

async function plan({ env, db, now }: Watched, { percent }: ConditionOf<"plan">): Promise<Finding> {
  const uses = await planUse(env, db, now);
  const shown = uses.map((use) => `${use.percent.toFixed(1)} % of ${ALLOWED[use.what]}`).join(", ");
  return {
    holds: uses.some((use) => use.percent >= percent),
    finding: `Of what the plan allows are used: ${shown}; the limit is ${figure(percent)} %.`,
  };
}

type Judge<Kind extends ConditionKind> = (watched: Watched, given: ConditionOf<Kind>) => Promise<Finding>;

const JUDGES: { [Kind in ConditionKind]: Judge<Kind> } = {
  threshold,
  change,
  silence,
  anomaly,
  rejections,
  postbacks,
  dead_letters: deadLetters,
  rates,
  archive: async (watched) =>
    hasArchive(watched.env) ? machinery(watched, true) : { holds: false, finding: "This instance has no archive." },
  projections: (watched) => machinery(watched, false),
  plan,
};

export const judge = (watched: Watched, given: Condition): Promise<Finding> =>
  (JUDGES[given.kind] as Judge<ConditionKind>)(watched, given);
