/**
 * The sources of a series: the minutes of the live counters, or the hours and days of the tables. Both give rows by
 * interval and by the value of a dimension, `''` where there is none.
 */

import { type SQL, sql } from "drizzle-orm";
import { addDays, daysBetween, localTime } from "../../calendar.ts";
import { ANY_TAG } from "../../figures/scopes.ts";
import { Problem } from "../../http/problem.ts";
import { OTHER } from "../../live/bucket.ts";
import type { MinuteRow } from "../../live/minutes.ts";
import { INCOME, UNITS } from "../../money.ts";
import { RATE_UNITS } from "../../rates/rate.ts";
import { among } from "../../store/sql.ts";
import { ratesOf } from "../days/sums.ts";
import { type FieldFilter, onlyField } from "../field-filter.ts";
import { onlyTags, type Period } from "../period.ts";
import type { Asked } from "../report.ts";
import { type Sum, sums } from "../usd.ts";
import { type Granularity, type Interval, nameOfHour } from "./intervals.ts";

export const DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
export type Dimension = (typeof DIMENSIONS)[number];
/** Fields by which a series can be narrowed, in addition to its tags. */
export type Narrowing = Exclude<Dimension, "banner_tag">;

export type Wanted = {
  granularity: Granularity;
  dimension: Dimension | null;
  /** Null: any value of any field. */
  filter: FieldFilter<Narrowing> | null;
  intervals: readonly Interval[];
  /** Null: all. */
  types: readonly string[] | null;
};

export type Paid = Place & Sum;
type Place = { interval: string; value: string };
export type Count = Place & { event_type: string; total: number };
export type People = Place & { people: number };

export type From = Pick<Asked<unknown>, "env" | "db" | "project" | "tags">;

async function minutes({ env, project, tags }: From, wanted: Wanted): Promise<MinuteRow[]> {
  const { intervals, dimension, filter } = wanted;
  const from = intervals[0]?.at ?? 0;
  const to = intervals.at(-1)?.until ?? 0;
  const asked = { from, to, dimension, filter, banner_tags: tags };
  const rows = await env.LIVE.getByName(project.project_id).minutes(asked);
  if (filter !== null && rows.some(({ value }) => value === OTHER))
    throw Problem.of(
      filter.field,
      `${filter.field} cannot narrow these minutes: some have more values than are counted apart; ask by granularity=hour`,
    );
  return rows;
}

export async function countsByMinute(asked: From, wanted: Wanted): Promise<Count[]> {
  const { types } = wanted;
  return (await minutes(asked, wanted))
    .filter(({ event_type }) => types === null || types.includes(event_type))
    .map(({ at, value, event_type, total }): Count => ({ interval: String(at), value, event_type, total }));
}

const INCOME_TYPES: readonly string[] = INCOME;

export async function paidByMinute(asked: From, wanted: Wanted): Promise<Paid[]> {
  const rows = (await minutes(asked, wanted))
    .filter(({ event_type, currency }) => currency !== "" && INCOME_TYPES.includes(event_type))
    .map((row) => ({ ...row, event_date: localTime(asked.project.timezone, row.at).date }));
  const rateOf = await ratesOf(asked.db, rows);
  const units = BigInt(UNITS);
  return rows.map((row) => ({
    interval: String(row.at),
    value: row.value,
    event_date: row.event_date,
    currency: row.currency,
    total: row.total,
    whole: String(row.units / units),
    fraction: Number(row.units % units),
    rate: rateOf(row.currency, row.event_date),
    into_rate: RATE_UNITS,
  }));
}

/** The columns that place a row of the tables in an interval and a dimension, and the numbers of these columns to group by. */
function placeIn({ granularity, dimension }: Wanted): { columns: SQL; by: SQL } {
  const hour = granularity === "hour";
  return {
    columns: sql.raw(`event_date${hour ? ", event_hour" : ""}, ${dimension ?? "''"} AS value`),
    by: sql.raw(hour ? "1, 2, 3" : "1, 2"),
  };
}

type Dated = { event_date: string; event_hour?: number; value: string };
const placed = <Row extends Dated>({ event_date, event_hour, ...row }: Row) => ({
  ...row,
  interval: event_hour === undefined ? event_date : nameOfHour(event_date, event_hour),
});

const within = ({ project, tags }: From, { from, to }: Period, filter: FieldFilter | null) =>
  sql`project_id = ${project.project_id} AND event_date BETWEEN ${from} AND ${to}
    ${onlyTags(sql`banner_tag`, tags)} ${onlyField(filter)}`;

export async function countsFromTables(asked: From, wanted: Wanted, period: Period): Promise<Count[]> {
  const { granularity, dimension, filter, types } = wanted;
  // The smallest table that has the figures: counts by day, counts by day and tag, or the activity of each person.
  const wide = filter !== null || granularity === "hour" || (dimension !== null && dimension !== "banner_tag");
  const table = wide ? "activity" : asked.tags === null && dimension === null ? "daily_metrics" : "event_summary";
  const days = Array.from({ length: daysBetween(period.from, period.to) }, (_, index) => addDays(period.from, index));
  // Day by day and type by type, as the tables are ordered, so that rows of other types are not read.
  const rows =
    types === null
      ? sql.raw(table)
      : sql`json_each(${JSON.stringify(days)}) d CROSS JOIN json_each(${JSON.stringify(types)}) t
          CROSS JOIN ${sql.raw(table)} ON event_date = d.value AND event_type = t.value`;
  const { columns, by } = placeIn(wanted);
  const found = await asked.db.all<Dated & Omit<Count, "interval">>(sql`
    SELECT ${columns}, event_type, sum(total) AS total FROM ${rows} WHERE ${within(asked, period, filter)}
    GROUP BY ${by}, event_type`);
  return found.map(placed);
}

export async function paidFromTables(asked: From, wanted: Wanted, period: Period): Promise<Paid[]> {
  const { columns, by } = placeIn(wanted);
  const found = await asked.db.all<Sum & { event_hour?: number; value: string }>(sql`
    SELECT ${columns}, ${sums()} FROM payments WHERE ${within(asked, period, wanted.filter)}
      AND event_type ${among(INCOME_TYPES)}
    GROUP BY ${by}, currency`);
  return found.map((row) => ({ ...row, interval: placed(row).interval }));
}

/** Distinct people in each interval. */
export async function peopleFromTables(asked: From, wanted: Wanted, period: Period): Promise<People[]> {
  const { tags, db } = asked;
  const { granularity, dimension, filter } = wanted;
  // The table `returns` has people by day, for one tag or for all together.
  const ofTag = dimension === "banner_tag" || tags?.length === 1;
  const known =
    filter === null &&
    granularity === "day" &&
    (dimension === null || dimension === "banner_tag") &&
    (tags === null || ofTag);
  const { columns, by } = placeIn(wanted);
  const found = known
    ? await db.all<Dated & { people: number }>(sql`
        SELECT ${columns}, sum(people) AS people FROM returns WHERE ${within({ ...asked, tags: null }, period, null)}
          AND ${ofTag ? sql`banner_tag <> ${ANY_TAG} ${onlyTags(sql`banner_tag`, tags)}` : sql`banner_tag = ${ANY_TAG}`}
        GROUP BY ${by}`)
    : await db.all<Dated & { people: number }>(sql`
        SELECT ${columns}, count(DISTINCT person) AS people FROM activity WHERE ${within(asked, period, filter)} GROUP BY ${by}`);
  return found.map(placed);
}

/** People whose first deposit ever is on a day: over all tags, or by the tag of that deposit. */
export async function firstsFromTables(asked: From, wanted: Wanted, period: Period): Promise<People[]> {
  const { columns, by } = placeIn(wanted);
  const ofAny = wanted.dimension === null && asked.tags === null;
  const found = await asked.db.all<Dated & { people: number }>(sql`
    SELECT ${columns}, sum(people) AS people FROM depositors WHERE ${within(asked, period, null)} AND is_first
      AND banner_tag ${ofAny ? sql`=` : sql`<>`} ${ANY_TAG}
    GROUP BY ${by} HAVING sum(people) <> 0`);
  return found.map(placed);
}
