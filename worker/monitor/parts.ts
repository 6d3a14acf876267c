/**
 * The sources of the metrics. They are read from the database and from Durable Objects, so that they are the same in all
 * isolates. If one part fails, the others still work.
 */
import { type SQL, sql } from "drizzle-orm";
import { ALERT_STATES, alertsOf, stateOf as stateOfAlert } from "../alerts/alert.ts";
import { failingDuties } from "../duties/failing-duties.ts";
import { DOORS } from "../event.ts";
import { OUTCOMES } from "../figures/outcomes.ts";
import { meterOf } from "../meter/measure.ts";
import { BOUNDS_MS, type Counter, QUEUE_COUNTERS, ROUTE_CLASSES } from "../meter/meter.ts";
import { STATES, stateOf } from "../postbacks/ladder.ts";
import { targetsOf } from "../postbacks/target.ts";
import { GROUPS } from "../projections/index.ts";
import { uncountedOutcomes } from "../projections/outcomes.ts";
import { intakeOf } from "../queue/outlet.ts";
import { projectionHealth } from "../reports/health.ts";
import type { Totals } from "../request-log/log.ts";
import { budgetOf } from "../store/budget.ts";
import type { Database } from "../store/database.ts";
import { isOfShard } from "../store/placements.ts";
import { planOf } from "../store/plan.ts";
import { shardsOf } from "../store/shards.ts";
import type { FamilyName, Sample } from "./families.ts";

export type Scrape = {
  env: Env;
  db: Database;
  /** Null: all projects, and the instance itself. */
  project_id: string | null;
  now: number;
};

export type Part = (scrape: Scrape) => Promise<Sample[]>;

/** The rejections of each project are in a separate object: one scrape reads at most this many, fewer where the budget ends. */
export const PROJECTS_ASKED = 200;
/** Calls that the other parts of a scrape make for each shard, and its answer. */
const OTHER_CALLS = 20;

const only = ({ project_id }: Scrape): SQL => (project_id === null ? sql`` : sql`WHERE project_id = ${project_id}`);

const projectsOf = async (scrape: Scrape): Promise<string[]> =>
  (
    await scrape.db.all<{ project_id: string }>(
      sql`SELECT project_id FROM projects WHERE ${isOfShard(scrape.db.shard)}
        ${scrape.project_id === null ? sql`` : sql`AND project_id = ${scrape.project_id}`} ORDER BY project_id`,
    )
  ).map(({ project_id }) => project_id);

/**
 * Includes events that the tables have not counted yet. To bring the tables up to date for a scrape each minute would cost more
 * than everything else. A project without events has a sample of 0, so that its first event shows as an increase.
 */
const outcomes: Part = async (scrape) => {
  const [projects, rows] = await Promise.all([
    projectsOf(scrape),
    scrape.db.all<{ project_id: string; outcome: string; total: number }>(sql`
      SELECT project_id, outcome, sum(total) AS total FROM (
        SELECT project_id, outcome, total FROM event_outcomes UNION ALL ${uncountedOutcomes(GROUPS.tables.gathering.events)}
      ) ${only(scrape)} GROUP BY project_id, outcome`),
  ]);
  const totals = new Map(rows.map(({ project_id, outcome, total }) => [`${project_id} ${outcome}`, total]));
  return projects.flatMap((project_id) =>
    OUTCOMES.map((outcome) => ({
      family: "edgepixel_events_accepted_total",
      labels: { project_id, outcome },
      value: totals.get(`${project_id} ${outcome}`) ?? 0,
    })),
  );
};

const rejections: Part = async (scrape) => {
  const projects = await projectsOf(scrape);
  const most = Math.max(
    0,
    Math.min(PROJECTS_ASKED, budgetOf(scrape.env).left - OTHER_CALLS * shardsOf(scrape.env).length),
  );
  const totals = await Promise.all(
    projects
      .slice(0, most)
      .map(
        async (project_id): Promise<[string, Totals]> => [
          project_id,
          await scrape.env.REQUEST_LOG.getByName(project_id).totals(),
        ],
      ),
  );
  const unread = Math.max(0, projects.length - most);
  return [
    { family: "edgepixel_rejections_unread_projects", labels: {}, value: unread },
    ...totals.flatMap(([project_id, { events, reasons }]): Sample[] => [
      ...Object.keys(DOORS).map(
        (door): Sample => ({
          family: "edgepixel_events_rejected_total",
          labels: { project_id, door },
          value: events.find((row) => row.door === door)?.total ?? 0,
        }),
      ),
      ...reasons.map(
        ({ door, code, total }): Sample => ({
          family: "edgepixel_rejection_reasons_total",
          labels: { project_id, door, code },
          value: total,
        }),
      ),
    ]),
  ];
};

const deadLetters: Part = async (scrape) => {
  const rows = await scrape.db.all<{ project_id: string; status: string; total: number }>(sql`
    SELECT ifnull(project_id, '') AS project_id, status, count(*) AS total FROM dead_letters ${only(scrape)} GROUP BY 1, 2`);
  const projects = new Set([...(await projectsOf(scrape)), ...rows.map(({ project_id }) => project_id)]);
  return [...projects].flatMap((project_id): Sample[] => {
    const projectRows = rows.filter((row) => row.project_id === project_id);
    return [
      ...["waiting", "replayed", "discarded"].map(
        (status): Sample => ({
          family: "edgepixel_dead_letters",
          labels: { project_id, status },
          value: projectRows.find((row) => row.status === status)?.total ?? 0,
        }),
      ),
      {
        family: "edgepixel_dead_letters_total",
        labels: { project_id },
        value: projectRows.reduce((sum, { total }) => sum + total, 0),
      },
    ];
  });
};

/** A project with a target has a sample for each state; a project with a source has one for received postbacks that wait. */
const postbacks: Part = async (scrape) => {
  const [targets, waiting] = await Promise.all([
    targetsOf(scrape.db, scrape.project_id),
    scrape.db.all<{ project_id: string; total: number }>(sql`
      SELECT s.project_id, (SELECT count(*) FROM received_postbacks r WHERE r.project_id = s.project_id) AS total
      FROM (SELECT DISTINCT project_id FROM postback_sources ${only(scrape)}) s`),
  ]);
  const projects = new Set(targets.map(({ project_id }) => project_id));
  return [
    ...[...projects].flatMap((project_id) =>
      STATES.map(
        (state): Sample => ({
          family: "edgepixel_postback_targets",
          labels: { project_id, state },
          value: targets.filter((one) => one.project_id === project_id && stateOf(one) === state).length,
        }),
      ),
    ),
    ...waiting.map(
      ({ project_id, total }): Sample => ({
        family: "edgepixel_network_postbacks_waiting",
        labels: { project_id },
        value: total,
      }),
    ),
  ];
};

/** A project with an alert has a sample for each state; one with a channel has samples for messages that wait or have failed. */
const alerts: Part = async (scrape) => {
  const [all, notices] = await Promise.all([
    alertsOf(scrape.db, scrape.project_id),
    scrape.db.all<{ project_id: string; status: string; total: number }>(sql`
      SELECT c.project_id, s.value AS status, count(n.channel_id) AS total
      FROM (SELECT id, project_id FROM channels ${only(scrape)}) c CROSS JOIN json_each('["waiting", "dead"]') s
      LEFT JOIN notices n ON n.channel_id = c.id AND n.status = s.value GROUP BY 1, 2`),
  ]);
  const projects = new Set(all.map(({ project_id }) => project_id));
  return [
    ...[...projects].flatMap((project_id) =>
      ALERT_STATES.map(
        (state): Sample => ({
          family: "edgepixel_alerts",
          labels: { project_id, state },
          value: all.filter((one) => one.project_id === project_id && stateOfAlert(one) === state).length,
        }),
      ),
    ),
    ...notices.map(
      ({ project_id, status, total }): Sample => ({
        family: "edgepixel_notices",
        labels: { project_id, status },
        value: total,
      }),
    ),
  ];
};

const projections: Part = async ({ env, db, now }) =>
  Object.entries(await projectionHealth(env, db, now)).flatMap(([projection, { status, lag_events, lag_seconds }]) =>
    (
      [
        ["edgepixel_projection_lag_events", lag_events],
        ["edgepixel_projection_lag_seconds", lag_seconds],
        ["edgepixel_projection_behind", status === "behind" ? 1 : 0],
        ["edgepixel_projection_failing", status === "failing" ? 1 : 0],
      ] satisfies [FamilyName, number][]
    ).map(([family, value]) => ({ family, labels: { projection }, value })),
  );

const duties: Part = async ({ db }) => [
  { family: "edgepixel_duties_failing", labels: {}, value: (await failingDuties(db)).length },
];

const QUEUE_FAMILIES = {
  batches: "edgepixel_queue_batches_total",
  messages: "edgepixel_queue_messages_total",
  events: "edgepixel_queue_events_total",
  known: "edgepixel_queue_duplicates_total",
  retries: "edgepixel_queue_retries_total",
} as const satisfies Record<(typeof QUEUE_COUNTERS)[number], FamilyName>;

const STATUSES = [2, 3, 4, 5] as const;

/** These samples are about all projects together, so a key of one project does not see them. */
const meter: Part = async ({ env, project_id }) => {
  if (project_id !== null) return [];
  const counts = await meterOf(env).read();
  const countOf = (counter: Counter) => counts[counter] ?? 0;
  return [
    ...QUEUE_COUNTERS.map(
      (name): Sample => ({ family: QUEUE_FAMILIES[name], labels: {}, value: countOf(`queue ${name}`) }),
    ),
    ...ROUTE_CLASSES.flatMap((route): Sample[] => {
      const family = "edgepixel_http_request_duration_seconds";
      let below = 0;
      const buckets = [...BOUNDS_MS.map((bound) => String(bound / 1_000)), "+Inf"].map((le, index): Sample => {
        below += countOf(`took ${route} ${index}`);
        return { family, suffix: "_bucket", labels: { route, le }, value: below };
      });
      return [
        ...STATUSES.map(
          (status): Sample => ({
            family: "edgepixel_http_requests_total",
            labels: { route, status: `${status}xx` },
            value: countOf(`requests ${route} ${status}xx`),
          }),
        ),
        ...buckets,
        { family, suffix: "_sum", labels: { route }, value: countOf(`ms ${route}`) / 1_000 },
        { family, suffix: "_count", labels: { route }, value: below },
      ];
    }),
  ];
};

/** Only on the free plan do events wait before they go into the queue. */
const intake: Part = async ({ env, project_id }) => {
  if (project_id !== null || planOf(env) === "paid") return [];
  const { events, refused_since } = await intakeOf(env).state();
  return [
    { family: "edgepixel_intake_events", labels: {}, value: events },
    { family: "edgepixel_intake_refused", labels: {}, value: refused_since === null ? 0 : 1 },
  ];
};

/** What each shard has. */
export const PARTS_OF_SHARDS = {
  outcomes,
  rejections,
  dead_letters: deadLetters,
  postbacks,
  alerts,
  projections,
  duties,
} as const satisfies Record<string, Part>;

/** What the instance has once. */
export const PARTS_OF_ALL = { meter, intake } as const satisfies Record<string, Part>;
