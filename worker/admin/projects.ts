/** Projects: created, listed, changed; removed with all that is kept of them, once their events have gone. */

import { eq, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { isTimezone } from "../calendar.ts";
import { beginRemoval, closeProject, isBeingRemoved, obstacleTo } from "../erasure/project.ts";
import { projectId } from "../event.ts";
import { reaches } from "../http/access.ts";
import { withoutUndefined } from "../http/body.ts";
import { json } from "../http/operation.ts";
import { rows } from "../http/page.ts";
import { Problem } from "../http/problem.ts";
import { CURRENCIES } from "../money.ts";
import { forgetProjects, type Project } from "../project.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { beginReattribution } from "../projections/reattribution.ts";
import { instant, text } from "../reports/answer.ts";
import { leastEventDays } from "../retention/keeping.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { isGuarded, isTaken } from "../store/guard.ts";
import { isOfShard, isPlaced, place, placementOf } from "../store/placements.ts";
import { projects } from "../store/schema.ts";
import { everyShard, MAIN, onShard, shardOf, shardsOf } from "../store/shards.ts";
import { iso } from "../time.ts";
import { act } from "./audit.ts";
import { route } from "./route.ts";

const origin = z
  .string()
  .refine(
    (text) => URL.canParse(text) && new URL(text).origin === text && /^https?:/.test(text),
    "must be an origin, such as https://brand.example",
  );
const agents = z.array(z.string().min(2, "must have 2 characters at least").max(200)).max(100);

const keptFor = z
  .int("must be a whole number of days")
  .min(1, "must be 1 at least")
  .max(36_500, "must be 36500 at most");

const settings = {
  name: z.string().min(1, "must not be empty").max(200),
  timezone: z.string().refine(isTimezone, "must be a time zone, such as Europe/Malta"),
  currency: z.string().refine((code) => CURRENCIES.has(code), "must be an ISO 4217 code, such as EUR"),
  ngr_deduction_percent: z
    .number("must be a number")
    .min(0, "must be 0 to 100")
    .max(100, "must be 0 to 100")
    .refine((percent) => Math.abs(percent * 100 - Math.round(percent * 100)) < 1e-6, "must have two places at most")
    .nullable(),
  attribution_days: z.int("must be a whole number").min(1, "must be 1 to 365").max(365, "must be 1 to 365"),
  respect_privacy_signals: z.boolean("must be true or false"),
  allowed_origins: z.array(origin).max(100),
  require_signature: z.boolean("must be true or false"),
  bot_rules: z.strictObject({
    user_agents: agents.optional(),
    allowed_user_agents: agents.optional(),
    data_centres: z.boolean("must be true or false").optional(),
  }),
  retention: z.strictObject({
    events_days: keptFor.optional(),
    archive_days: keptFor.optional(),
    purchases_days: keptFor.optional(),
    figures_days: keptFor.optional(),
  }),
};
const optional = z.strictObject(settings).partial();
export const newProject = optional.extend({
  project_id: projectId,
  shard: z
    .string()
    .optional()
    .describe("Where it is kept, in an instance with several databases; `main` if absent. It stays there."),
});
export const projectChanges = optional.extend({ new_pixel_secret: z.literal(true, "can only be true").optional() });

const projectView = z
  .object({
    project_id: text,
    name: text,
    timezone: text,
    currency: text,
    attribution_days: z.int().min(1).max(365),
    respect_privacy_signals: z.boolean(),
    created_at: instant,
    allowed_origins: z.array(z.string()),
    require_signature: z.boolean(),
    pixel_secret: text,
    bot_rules: z.object({
      user_agents: z.array(z.string()).optional(),
      allowed_user_agents: z.array(z.string()).optional(),
      data_centres: z.boolean().optional(),
    }),
    retention: z
      .object({
        events_days: z.int().optional(),
        archive_days: z.int().optional(),
        purchases_days: z.int().optional(),
        figures_days: z.int().optional(),
      })
      .describe("For how many days what is kept; for ever where nothing is said."),
    ngr_deduction_percent: z
      .number()
      .nullable()
      .describe("The share of net amounts that NGR leaves out, for fees, taxes and bonuses; null: there is no NGR."),
    shard: text.describe("The database that the project is in; `main` is the first."),
    settled_before: text.describe("Days before this date are settled: their events may have gone from the log."),
  })
  .meta({ id: "Project" });
export type ProjectView = z.output<typeof projectView>;

const view = ({ created_at, ...project }: Project, shard: string): ProjectView => ({
  ...project,
  created_at: iso(created_at),
  shard,
});

/** Data must be kept long enough for everything that is still counted or made from it. */
function checkRetention({ attribution_days, retention }: Pick<Project, "attribution_days" | "retention">): void {
  const { events_days, archive_days, purchases_days, figures_days } = retention;
  const least = leastEventDays(attribution_days);
  if (events_days !== undefined && events_days < least) {
    throw Problem.of(
      "retention.events_days",
      `retention.events_days must be ${least} at least: the attribution window, and the 31 days that an event may be late`,
    );
  }
  if (archive_days !== undefined && archive_days < (events_days ?? Number.POSITIVE_INFINITY)) {
    throw Problem.of("retention.archive_days", "retention.archive_days must not be less than retention.events_days");
  }
  if (purchases_days !== undefined && purchases_days < (archive_days ?? Number.POSITIVE_INFINITY)) {
    throw Problem.of(
      "retention.purchases_days",
      "retention.purchases_days must not be less than retention.archive_days",
    );
  }
  if (figures_days !== undefined && figures_days < (events_days ?? Number.POSITIVE_INFINITY)) {
    throw Problem.of("retention.figures_days", "retention.figures_days must not be less than retention.events_days");
  }
}

/** The most tries: a request that loses a race reads again, and nobody loses this many by chance. */
const MOST_ATTEMPTS = 10;

/** The project from the database, and not the remembered one of this isolate, which may be older. */
async function storedProject(db: Database, project_id: string): Promise<Project> {
  const [project] = await db.select().from(projects).where(eq(projects.project_id, project_id));
  if (!project) throw Problem.of("project_id", `there is no project ${project_id}`, "unknown_project");
  return project;
}

/** Changes a project as it was read: fails where the columns by which the changes were judged have changed. NULL is not allowed. */
function changeOf(db: Database, before: Project, changes: Partial<Project>, now: number): SQL[] {
  const { project_id, attribution_days, retention, settled_before } = before;
  checkRetention({ ...before, ...changes });
  const window = changes.attribution_days ?? attribution_days;
  if (window !== attribution_days && settled_before !== "")
    throw new Problem(409, "Days are settled; the attribution window of settled days cannot be changed.");
  return [
    sql`UPDATE projects SET name = CASE WHEN attribution_days = ${attribution_days} AND settled_before = ${settled_before}
      AND retention = ${JSON.stringify(retention)} THEN name END WHERE project_id = ${project_id}`,
    ...beginReattribution(project_id, window, now),
    db.update(projects).set(changes).where(eq(projects.project_id, project_id)).getSQL(),
  ];
}

const changedMeanwhile = (error: unknown) => isGuarded(error, "projects.name");

const alreadyThere = (project_id: string) => new Problem(409, `There is a project ${project_id} already.`);

/** False where another request has changed meanwhile what this change was based on. */
const happened = (done: Promise<void>): Promise<boolean> =>
  done.then(
    () => true,
    (error) => {
      if (changedMeanwhile(error)) return false;
      throw error;
    },
  );

const newSecret = () => crypto.getRandomValues(new Uint8Array(24)).toHex();

const administered = { tag: "Administration", role: "admin" } as const;

export const projectRoutes = [
  route(
    {
      id: "listProjects",
      method: "get",
      path: "/projects",
      on: "main",
      ...administered,
      summary: "List projects",
      description: "With all settings of each, the pixel secret included.",
      answers: { 200: { description: "Those that the key reaches.", content: json(rows(projectView)) } },
    },
    async ({ env, principal }) => {
      const all = await Promise.all(
        everyShard(env).map(async (shard) => {
          const found = await databaseOf(shard)
            .select()
            .from(projects)
            .where(isOfShard(shardOf(shard)));
          return found.map((project) => view(project, shardOf(shard)));
        }),
      );
      return { rows: all.flat().filter((project) => reaches(principal, project.project_id)) };
    },
  ),
  route(
    {
      id: "createProject",
      method: "post",
      path: "/projects",
      on: "main",
      ...administered,
      summary: "Create a project",
      description: "Needs a key for all projects.",
      body: {
        schema: newProject,
        examples: { Project: { project_id: "brand", name: "Brand", timezone: "Europe/Malta", currency: "EUR" } },
      },
      answers: { 201: { description: "The project.", content: json(projectView) } },
      problems: [409],
      audit: "project.create",
    },
    async ({ env, db: main, principal, readBody, now }) => {
      const { project_id, name = project_id, shard = MAIN, ...given } = await readBody();
      if (principal.project_id !== null) throw new Problem(403, "Only a key for all projects can create one.");
      if (!shardsOf(env).includes(shard)) throw Problem.of("shard", `there is no shard ${shard}`);
      const project: Project = {
        project_id,
        name,
        timezone: "UTC",
        currency: "USD",
        attribution_days: 30,
        respect_privacy_signals: false,
        allowed_origins: [],
        require_signature: false,
        pixel_secret: newSecret(),
        bot_rules: {},
        retention: {},
        settled_before: "",
        ngr_deduction_percent: null,
        created_at: now,
        ...withoutUndefined(given),
      };
      checkRetention(project);
      if (shard !== MAIN) await main.run(place(project_id, shard));
      const db = databaseOf(onShard(env, shard));
      const [taken] = await db.select().from(projects).where(eq(projects.project_id, project_id));
      if (taken || ((await placementOf(main, project_id)) ?? MAIN) !== shard) throw alreadyThere(project_id);
      const what = { project_id, subject: project_id, details: given, action: "project.create" };
      const statements = [
        db.insert(projects).values(project).getSQL(),
        // Fails while what was there under this id is being removed, and where another request has just placed it on
        // another shard: NULL is not allowed.
        sql`UPDATE projects SET name = CASE WHEN NOT ${isBeingRemoved(project_id)}
          AND NOT ${shard === MAIN ? isPlaced(project_id) : sql`false`} THEN name END
        WHERE project_id = ${project_id}`,
      ];
      const made = happened(act(db, principal, now, what, statements)).catch((error) => {
        throw isTaken(error, "projects.project_id") ? alreadyThere(project_id) : error;
      });
      if (!(await made))
        throw new Problem(409, `${project_id} was removed a moment ago. Please try again in a few minutes.`);
      forgetProjects();
      return view(project, shard);
    },
  ),
  route(
    {
      id: "getProject",
      method: "get",
      path: "/projects/:project_id",
      ...administered,
      summary: "Show a project",
      description: "With all its settings, the pixel secret included.",
      examples: { project_id: "default" },
      answers: { 200: { description: "The project.", content: json(projectView) } },
      problems: [400],
    },
    async ({ params, projectFor }) => {
      const { shard, ...project } = await projectFor(params.project_id);
      return view(project, shard);
    },
  ),
  route(
    {
      id: "changeProject",
      method: "patch",
      path: "/projects/:project_id",
      ...administered,
      summary: "Change a project",
      description:
        "Only the fields that are given. A new attribution window is applied to the past of the project, some people at a time.",
      examples: { project_id: "default" },
      body: { schema: projectChanges, examples: { Window: { attribution_days: 30 } } },
      answers: { 200: { description: "The project as it is now.", content: json(projectView) } },
      audit: "project.change",
    },
    async ({ env, db, params, readBody, projectFor, act, now }) => {
      const { project_id } = await projectFor(params.project_id);
      const { new_pixel_secret, ...given } = await readBody();
      const changes = { ...withoutUndefined(given), ...(new_pixel_secret && { pixel_secret: newSecret() }) };
      if (Object.keys(changes).length === 0) throw new Problem(400, "There is nothing to change in the body.");
      const details = { ...given, ...(new_pixel_secret && { new_pixel_secret }) };
      const what = { project_id, subject: project_id, details };
      for (let attempts = 0; ; attempts++) {
        if (attempts === MOST_ATTEMPTS)
          throw new Problem(409, `Others are changing ${project_id} at this moment. Please try again.`);
        const statements = changeOf(db, await storedProject(db, project_id), changes, now);
        if (await happened(act(what, statements))) break;
      }
      forgetProjects();
      if (changes.attribution_days !== undefined) await wakeProjectors(env);
      return view(await storedProject(db, project_id), db.shard);
    },
  ),
  route(
    {
      id: "removeProject",
      method: "delete",
      path: "/projects/:project_id",
      ...administered,
      summary: "Remove a project whose events have gone, with all that is kept of it",
      description:
        "Its keys open nothing any more. Refused, with the reason, while its events are in the log or the archive, or a player of it is being erased.",
      answers: { 204: { description: "Done." } },
      problems: [400, 409],
      audit: "project.remove",
    },
    async ({ env, db, params, projectFor, act, now }) => {
      const { project_id } = await projectFor(params.project_id);
      if (project_id === "default") throw new Problem(409, "The project default stays.");
      const obstacle = await obstacleTo(db, project_id);
      if (obstacle !== null) throw new Problem(409, obstacle);
      const what = { project_id, subject: project_id };
      if (!(await happened(act(what, closeProject(project_id, now)))))
        throw new Problem(409, `${project_id} has events in the log since a moment ago.`);
      forgetProjects();
      await beginRemoval(env, db, now);
    },
  ),
] as const;
