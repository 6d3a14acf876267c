/**
 * How long each report takes on a local D1 with `EVENTS` events, and how many rows it reads, which D1 bills.
 * `STATE=<folder>` keeps the database for the next run.
 */
import { sql } from "drizzle-orm";
import { addDays } from "../worker/calendar.ts";
import { beginBotReview, botReviews } from "../worker/collect/bot-review.ts";
import type { Principal } from "../worker/http/principal.ts";
import { type TagQuery, visibleTags } from "../worker/http/tag-filter.ts";
import type { Project } from "../worker/project.ts";
import type { DaysScope } from "../worker/reports/days/scope.ts";
import type { FieldQuery } from "../worker/reports/field-filter.ts";
import { firstEventOf } from "../worker/reports/first-event.ts";
import { REPORTS } from "../worker/reports/index.ts";
import { type Period, periodOf } from "../worker/reports/period.ts";
import { step as keepLifetimeValues } from "../worker/reports/worth/keeping.ts";
import type { Budget } from "../worker/store/budget.ts";
import { type Database, databaseOf } from "../worker/store/database.ts";
import { projects } from "../worker/store/schema.ts";
import { DAYS, NAMED_AGENT, openLoaded } from "./loaded.ts";

const EVENTS = Number(process.env.EVENTS ?? 100_000);
/** Each report is requested this many times, and the fastest answer is shown. */
const ROUNDS = 2;
/** Each step has 5,000 events. */
const REVIEW_STEPS = 10;
/** `ONLY=/traffic` measures only reports with this text in their path. */
const ONLY = process.env.ONLY ?? "";

/** Queries in addition to those of the tests, which may match no event here. */
const MORE: Record<string, readonly string[]> = {
  "/traffic": [
    ...["landing_page", "s1", "data.landing_page", "browser", "country", "device"].map((by) => `by=${by}`),
    "by=referrer&country=MT",
    "by=referrer&banner_tag=tag-1",
  ],
  "/players": ["player_id", "first_seen", "total_deposits"].map((column) => `sort=-${column}`),
};

/** Counts the rows that statements read. */
function metered(binding: D1Database): { binding: D1Database; rows(): number } {
  let rows = 0;
  /** A property of an object; methods stay bound to it. */
  const boundMember = (target: object, name: string | symbol) => {
    const value: unknown = Reflect.get(target, name);
    return typeof value === "function" ? value.bind(target) : value;
  };
  const wrapped = new WeakMap<D1PreparedStatement, D1PreparedStatement>();
  const wrap = (statement: D1PreparedStatement): D1PreparedStatement => {
    const wrapping = new Proxy(statement, {
      get(target, name) {
        if (name === "bind") return (...values: unknown[]) => wrap(target.bind(...values));
        if (name === "raw")
          return async () => {
            const { results, meta } = await target.all<Record<string, unknown>>();
            rows += meta.rows_read ?? 0;
            return results.map((row) => Object.values(row));
          };
        if (name === "all" || name === "run")
          return async () => {
            const answer = await target.all();
            rows += answer.meta.rows_read ?? 0;
            return answer;
          };
        return boundMember(target, name);
      },
    });
    wrapped.set(wrapping, statement);
    return wrapping;
  };
  const batch = async (statements: D1PreparedStatement[]) => {
    const answers = await binding.batch(statements.map((statement) => wrapped.get(statement) ?? statement));
    for (const { meta } of answers) rows += meta.rows_read ?? 0;
    return answers;
  };
  const proxy = new Proxy(binding, {
    get: (target, name) =>
      name === "prepare"
        ? (text: string) => wrap(target.prepare(text))
        : name === "batch"
          ? batch
          : boundMember(target, name),
  });
  return { binding: proxy, rows: () => rows };
}

type Asked = { db: Database; project: Project; period: Period; now: number };

/** Reads a report as the route does, without its cache. */
async function ask(
  report: (typeof REPORTS)[number],
  query: string,
  { db, project, period, now }: Asked,
): Promise<void> {
  const given = Object.fromEntries(new URLSearchParams(query));
  const parsed = report.query.safeParse({ ...given, ...period });
  const answered = parsed.success ? parsed.data : report.query.parse(given);
  const { project_id } = project;
  const days: DaysScope | null = report.keptBy
    ? { project_id, filter: null, tags: null, field: null, since: null }
    : null;
  const principal: Principal = { role: "admin", project_id: null, banner_tags: null, key_id: null };
  const who = { project, principal };
  const narrowed = answered as TagQuery & FieldQuery;
  const asked = {
    env: { DB: db.$client } as Env,
    db,
    ...who,
    tags: report.keptBy
      ? null
      : await visibleTags(db, project, principal, narrowed, report.byFirstEvent ? "people" : "tables"),
    field: null,
    firstEvent: report.byFirstEvent ? await firstEventOf(db, who, narrowed) : {},
    days,
    query: answered,
    params: {
      player_id: "player-1",
      app_id: "slots",
      name: "visits",
      event_id: "none",
      report_id: `daily-${period.from}`,
    },
    period: report.period?.(project, answered as never, now, days !== null) ?? periodOf(project, period, now),
    now,
  };
  await report.read(asked as never);
}

/** The reports that the dashboard requests when it is opened. Live figures are not among them: they are in no table. */
const FIRST_VIEW = [
  ["/campaigns", "compare=previous", 0],
  ["/metrics", "", 0],
  ["/metrics", "", 1],
  ["/funnel", "", 0],
] as const;

const reportAt = (path: string) => {
  const found = REPORTS.find((one) => one.path === path);
  if (!found) throw new Error(`There is no report ${path}.`);
  return found;
};

export async function benchReports(): Promise<void> {
  const { binding: local, close } = await openLoaded(EVENTS);
  const { binding, rows } = metered(local);
  const db = databaseOf({ DB: binding });
  const [project] = await db.select().from(projects);
  const last = await db.get<{ at: number; date: string }>(sql`SELECT timestamp AS at, event_date AS date FROM events
    ORDER BY seq DESC LIMIT 1`);
  if (!project || !last) throw new Error("There is no project, or nothing happened in it.");
  const daysBack = (days: number, periods = 0): Period => ({
    from: addDays(last.date, 1 - days * (periods + 1)),
    to: addDays(last.date, -days * periods),
  });
  const measure = async (name: string, asking: () => Promise<unknown>, rounds = ROUNDS) => {
    const before = rows();
    const times: number[] = [];
    let error = "";
    for (let round = 0; round < rounds && !error; round++) {
      const started = performance.now();
      await asking().catch((problem: unknown) => {
        error = String(problem).slice(0, 60);
      });
      times.push(performance.now() - started);
    }
    return {
      report: name,
      ms: Math.round(Math.min(...times)),
      "rows read": Math.round((rows() - before) / times.length),
      ...(error && { error }),
    };
  };

  const views = [];
  for (const days of [7, 30]) {
    const firstView = () =>
      Promise.all(
        FIRST_VIEW.map(([path, query, periods]) => {
          return ask(reportAt(path), query, { db, project, period: daysBack(days, periods), now: last.at });
        }),
      );
    views.push(await measure(`the dashboard's first view, ${days} days`, firstView));
  }
  console.log(`\nOn ${EVENTS.toLocaleString("en")} events over ${DAYS} days:`);
  console.table(views);

  const reports = [
    await measure(
      "what everyone is worth, for the first time",
      async () => {
        while ((await keepLifetimeValues(db, project.project_id)) === "more");
      },
      1,
    ),
  ];
  for (const report of REPORTS)
    for (const query of report.path.includes(ONLY) ? ["", ...(report.tries ?? []), ...(MORE[report.path] ?? [])] : [])
      reports.push(
        await measure(`${report.path}${query ? `?${query}` : ""}`, () =>
          ask(report, query, { db, project, period: daysBack(30), now: last.at }),
        ),
      );
  console.log("\nReports of 30 days:");
  console.table(reports);

  await measureBotReview(db, measure);
  await close();
}

/** Steps of a review through the first events of the log: one that changes nothing, one that flags some, and back. */
async function measureBotReview(
  db: Database,
  measure: (name: string, asking: () => Promise<unknown>, rounds: number) => Promise<object>,
): Promise<void> {
  const found = [];
  const kept = await db.get<{ rules: string }>(
    sql`SELECT bot_rules AS rules FROM projects WHERE project_id = 'default'`,
  );
  for (const [name, rules] of [
    ["changes nothing", {}],
    ["flags one visit in a hundred", { user_agents: [NAMED_AGENT] }],
    ["takes the flags back", {}],
  ] as const) {
    await db.run(sql`UPDATE projects SET bot_rules = ${JSON.stringify(rules)} WHERE project_id = 'default'`);
    let steps = 0;
    // The same budget for each review, which ends it before the end of the log: there all figures would be counted again.
    const budget = { has: () => steps++ < REVIEW_STEPS } as unknown as Budget;
    found.push(
      await measure(
        `${REVIEW_STEPS} steps of a bot review that ${name}`,
        async () => {
          await db.run(beginBotReview("default", Date.now()));
          await botReviews.run({ DB: db.$client } as Env, budget, Date.now());
        },
        1,
      ),
    );
  }
  await db.run(sql`DELETE FROM bot_reviews`);
  await db.run(sql`UPDATE projects SET bot_rules = ${kept?.rules ?? "{}"} WHERE project_id = 'default'`);
  console.table(found);
}
