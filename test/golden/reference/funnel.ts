/** Visit → registration → first deposit → repeat deposit: who took which step, and how long after the previous one. */
import { byText, type Report, rate } from "./ask.ts";

const STEPS = ["visit", "registration", "first_deposit", "repeat_deposit"];

const MILESTONES = `
  reached AS (
    SELECT person, CASE event_type WHEN 'visit' THEN 0 WHEN 'registration' THEN 1 ELSE 1 + nth END AS step,
      reached_at, reached_on, tag
    FROM milestones WHERE project_id = $project AND (nth = 1 OR event_type = 'deposit' AND nth = 2)),
  steps AS (
    SELECT this.*, this.reached_at - before.reached_at AS elapsed
    FROM reached this LEFT JOIN reached before ON before.person = this.person AND before.step = this.step - 1)`;

/** By the first visit's day, each step after the previous one; or by the step's day, everybody who took it. */
const MEMBERS = {
  visit_date: `members AS (
    SELECT s.step, first.tag AS banner_tag, first.reached_on, s.elapsed
    FROM steps s JOIN reached first ON first.person = s.person AND first.step = 0
    WHERE s.step = (SELECT count(*) FROM steps b WHERE b.person = s.person AND b.step BETWEEN 1 AND s.step AND b.elapsed >= 0))`,
  event_date: `members AS (
    SELECT step, tag AS banner_tag, reached_on, CASE WHEN elapsed >= 0 THEN elapsed END AS elapsed FROM steps)`,
};

type Found = { banner_tag: string | null; step: number; players: number; median: number | null; times: number[] };

/** The upper limits of the buckets of durations, in milliseconds. */
const UP_TO = ["1 minute", "5 minutes", "15 minutes", "1 hour", "6 hours", "1 day", "3 days", "7 days", "30 days"].map(
  (length) => `(epoch(INTERVAL '${length}') * 1000)`,
);
/** The number that took no longer than each limit, and the number of all. */
const WITHIN = `[${[...UP_TO.map((upTo) => `count(*) FILTER (elapsed <= ${upTo})`), "count(elapsed)"].join(", ")}]`;
const SECONDS = [60, 300, 900, 3_600, 21_600, 86_400, 259_200, 604_800, 2_592_000, null];

function stepsOf(found: Found[]) {
  const players = STEPS.map((_, step) => found.find((row) => row.step === step)?.players ?? 0);
  return STEPS.map((event_type, step) => ({
    event_type,
    players: players[step],
    rate_from_previous: step === 0 ? null : rate(players[step] as number, players[step - 1] as number),
    rate_from_first: step === 0 ? null : rate(players[step] as number, players[0] as number),
    median_seconds_from_previous: found.find((row) => row.step === step)?.median ?? null,
  }));
}

const timed = (found: Found[]) =>
  stepsOf(found).map((of, step) => {
    const within = found.find((row) => row.step === step)?.times ?? [];
    const times = SECONDS.map((seconds_up_to, n) => ({
      seconds_up_to,
      players: (within[n] ?? 0) - (within[n - 1] ?? 0),
    }));
    return { ...of, times_from_previous: step === 0 ? [] : times };
  });

export const funnel: Report = async ({ project, query, period, select }) => {
  const by = query.get("by") === "event_date" ? "event_date" : "visit_date";
  const found = (group: string) =>
    select<Found>(`WITH ${MILESTONES}, ${MEMBERS[by]}
      SELECT ${group} AS banner_tag, step, count(*) AS players, median(elapsed::DOUBLE) / 1000 AS median,
        ${WITHIN} AS times
      FROM members WHERE reached_on BETWEEN $from AND $to AND TAGGED GROUP BY ALL`);
  const { project_id, timezone } = project;
  const body = { project_id, timezone, ...period, by, steps: timed(await found("NULL")) };
  if (!query.has("group_by")) return body;
  const groups = [...Map.groupBy(await found("nullif(banner_tag, '')"), (row) => row.banner_tag)]
    .map(([banner_tag, own]) => ({ banner_tag, steps: stepsOf(own) }))
    .sort((a, b) => (b.steps[0]?.players ?? 0) - (a.steps[0]?.players ?? 0) || byText(a.banner_tag, b.banner_tag));
  // Fewer tags than an answer has room for.
  return { ...body, groups, groups_left_out: 0 };
};
