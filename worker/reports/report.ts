/**
 * What a report is: one definition, from which its route, its access, its entry in the OpenAPI document, its CSV and
 * its caching follow.
 */
import { Hono } from "hono";
import type * as z from "zod";
import { atLeast, ofProject } from "../http/access.ts";
import { type ParametersIn, parameters } from "../http/parameters.ts";
import type { App, Principal, Role } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { type TagQuery, visibleTags } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import { type Database, databaseOf } from "../store/database.ts";
import { type DaysScope, refuseBefore } from "./days/scope.ts";
import { type Field, type FieldFilter, type FieldQuery, onlyKnownFields } from "./field-filter.ts";
import { type FirstEvent, firstEventOf } from "./first-event.ts";
import { fresh, standingOf, tellLag } from "./freshness.ts";
import { hidden, refuseHidden } from "./hiding.ts";
import { answersFromDays, daysFor, type Narrowing, narrowingOf } from "./narrowing.ts";
import { type Period, periodOf } from "./period.ts";
import { type Table, table } from "./table.ts";

/** A request to a report: the query, and who asks. */
export type Asked<Query, Parameter extends string = never> = {
  env: Env;
  db: Database;
  project: Project;
  principal: Principal;
  /** The only tags that the answer may be about; null is all, `''` is no tag. */
  tags: string[] | null;
  /** The only value of a field that the figures may be about, for figures from the tables; null is any. */
  field: FieldFilter | null;
  /** The fields that a person's first event must have, where the report is narrowed by them. */
  firstEvent: FirstEvent;
  /** The rows of days that the answer is made of; null: it is made of the tables. */
  days: DaysScope | null;
  /** Whether the query has a filter that only rows of days have. */
  byDays: boolean;
  query: Query;
  /** The parameters of the path. */
  params: Record<Parameter, string>;
  /** The days asked for, both included; the last 30 where none are. */
  period: Period;
  /** Epoch milliseconds. */
  now: number;
};

/** A request before its tags are known, as they are read from the figures, too. */
type Untagged<Query, Parameter extends string> = Omit<Asked<Query, Parameter>, "tags" | "days" | "firstEvent">;

/**
 * What an answer depends on: the events of its period; all events up to the period's end; all events of the project; or
 * these and the moment.
 */
export type Reads = "period" | "until" | "all" | "now";

export type Definition<Path extends string, Query extends z.ZodObject, Answer extends object> = {
  /** `operationId` in the OpenAPI document. */
  id: string;
  /** Below `/api/v1`. */
  path: Path;
  summary: string;
  description: string;
  role: Extract<Role, "viewer" | "analyst">;
  query: Query;
  /** The answer in JSON; CSV has its rows. */
  answer: z.ZodType<Answer>;
  /** The rows of the answer, in a sentence. */
  holds: string;
  /** Example values for the documentation and the tests; those of the path are required. */
  examples?: Record<string, string>;
  /** Queries that the tests make in addition to the empty one. */
  tries?: readonly string[];
  /** Other problems than a wrong parameter or credential. */
  problems?: readonly 404[];
  /** Its figures are not kept by tag: a key that is limited to some is refused. */
  untagged?: true;
  /** Its rows are people: a share link does not show it. */
  people?: true;
  /** Its figures are only amounts: readers from whom amounts are hidden are refused. */
  ofAmounts?: true;
  /** The parameter of a query that needs amounts: the query is refused for readers from whom these are hidden. */
  amountsIn?(query: z.output<Query>, params: Record<ParametersIn<Path>, string>): string | undefined;
  reads: Reads | ((question: Untagged<z.output<Query>, ParametersIn<Path>>) => Reads);
  /** The days that the answer is about, where the query does not name them by `from` and `to`. */
  period?(project: Project, query: z.output<Query>, now: number, byDays: boolean): Period;
  /** The parameter that names the first of them. */
  first?: string;
  /**
   * The fields by which the tables have the figures, for one value of one of them; under other filters the report is made
   * of rows of days. Absent where it is always made of the tables.
   */
  keptBy?(query: z.output<Query>, params: Record<ParametersIn<Path>, string>): readonly Field[];
  /** It is about people, and narrowed by the fields of each person's first event. */
  byFirstEvent?: true;
  /** Its figures are of all tags, and tags only select what is shown. So a filter of rows of days has no tags. */
  ofAllTags?: true;
  /** Rows of days have the figures by one value of these fields without a filter, too. */
  inCells?: true;
  /** Nobody is counted under two tags, so its figures of several tags are the sums of theirs. */
  tagsAddUp?: true;
  /** Whether amounts are converted, so that a new rate makes a new answer. */
  converts?: true;
  read(asked: Asked<z.output<Query>, ParametersIn<Path>>): Promise<Table<Answer>>;
};

/** As the typed client sees it. */
type Routes<Path extends string, Query extends z.ZodObject, Answer> = Hono<
  App,
  {
    [At in Path]: {
      $get: {
        input: { query: z.input<Query> } & ([ParametersIn<Path>] extends [never]
          ? unknown
          : { param: Record<ParametersIn<Path>, string> });
        output: Answer;
        outputFormat: "json";
        status: 200;
      };
    };
  }
>;

const TABLES_ALONE: Narrowing = { field: null, filter: null };

export function report<Path extends string, Query extends z.ZodObject, Answer extends object>(
  definition: Definition<Path, Query, Answer>,
) {
  const { path, role, query, untagged, people, ofAmounts, reads, read } = definition;
  const { converts = false, inCells = false, ofAllTags = false, tagsAddUp = false, byFirstEvent = false } = definition;
  const routes = new Hono<App>().get(
    path as string,
    atLeast(role),
    onlyKnownFields(query),
    parameters(query),
    ofProject,
    async (c) => {
      const { principal, project } = c.var;
      if (untagged && principal.banner_tags !== null)
        throw new Problem(403, "This key is limited to its banner tags, and this report is not divided by tag.");
      if (people && principal.share_id !== undefined)
        throw new Problem(403, "A share link shows figures, and no people.");
      if (ofAmounts) refuseHidden(principal);
      const now = Date.now();
      const given = c.req.valid("query") as z.output<Query> & TagQuery & FieldQuery & { from?: string; to?: string };
      const db = databaseOf(c.env);
      const params = c.req.param() as Record<ParametersIn<Path>, string>;
      const telling = definition.amountsIn?.(given, params);
      if (telling !== undefined) refuseHidden(principal, telling);
      const narrowing = definition.keptBy
        ? await narrowingOf({ db, project, principal }, given, definition.keptBy(given, params), ofAllTags)
        : TABLES_ALONE;
      const { field, filter } = narrowing;
      // Everybody who has a share link could otherwise make the past be counted under one filter after another.
      if (filter !== null && principal.share_id !== undefined)
        throw new Problem(403, "A share link cannot narrow by these fields: ask for fewer fields, or use a key.");
      const byDays = filter !== null;
      const ofDays =
        definition.keptBy !== undefined && (await answersFromDays(db, project.project_id, narrowing, inCells));
      const question = {
        env: c.env,
        db,
        project,
        principal,
        query: given,
        params,
        period: definition.period?.(project, given, now, byDays) ?? periodOf(project, given, now),
        now,
        field,
        byDays,
        from: ofDays ? ("figures" as const) : ("tables" as const),
      };
      const firstEvent = byFirstEvent ? await firstEventOf(db, { project, principal }, given) : {};
      const depends = typeof reads === "function" ? reads(question) : reads;
      const dependencies = depends === "now" ? null : { reads: depends, converts };
      const standing = await standingOf(question, dependencies);
      const tags =
        filter === null || ofAllTags
          ? await visibleTags(db, project, principal, given, byFirstEvent ? "people" : ofDays ? "days" : "tables")
          : principal.banner_tags;
      const days = ofDays ? await daysFor(question, given, narrowing, ofAllTags ? null : tags, tagsAddUp) : null;
      if (days !== null) refuseBefore(days, definition.first ?? "from", question.period.from);
      const asked = { ...question, firstEvent, days, tags };
      const answer = async () => {
        const whole = await read(asked);
        return table(c, principal.hide_amounts ? hidden(definition.answer, whole) : whole);
      };
      if (dependencies === null) return tellLag(await answer(), standing);
      return tellLag(await fresh(c, asked, dependencies, standing.version, answer), standing);
    },
  );
  return { ...definition, routes: routes as unknown as Routes<Path, Query, Answer> };
}

/** A report of any query and answer. */
export type Described = Omit<
  ReturnType<typeof report>,
  "routes" | "read" | "reads" | "period" | "answer" | "query" | "amountsIn"
> & {
  query: z.ZodObject;
  answer: z.ZodType;
  period?(project: Project, query: never, now: number, byDays: boolean): Period;
  read(asked: never): Promise<Table<object>>;
};
