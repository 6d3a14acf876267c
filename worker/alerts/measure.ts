/**
 * Figures of the last minutes or hours, from the sources of the reports: up to a day by the minute from the live counters, longer
 * times by the hour from the tables.
 */

import { ADMIN } from "../http/keys.ts";
import { findSegment } from "../http/saved-segment.ts";
import { knownTags, narrowed } from "../http/tag-filter.ts";
import type { Project } from "../project.ts";
import { bringForward } from "../projections/catch-up.ts";
import { FIGURES } from "../projections/figures-fence.ts";
import { isByDays } from "../projections/figures-progress.ts";
import { GROUPS } from "../projections/index.ts";
import { countsFromDays } from "../reports/days/series.ts";
import { type ProjectionHealth, projectionHealth } from "../reports/health.ts";
import { daysOf } from "../reports/narrowing.ts";
import type { Period } from "../reports/period.ts";
import { type Interval, intervalsOf } from "../reports/series/intervals.ts";
import { type Parts, SERIES, type Series, type SeriesName } from "../reports/series/names.ts";
import {
  type Count,
  countsByMinute,
  countsFromTables,
  type Paid,
  paidByMinute,
  paidFromTables,
  type Wanted,
} from "../reports/series/sources.ts";
import { convert } from "../reports/usd.ts";
import type { Database } from "../store/database.ts";
import { HOUR_MS, MINUTE_MS } from "../time.ts";
import type { ConditionOf } from "./condition.ts";

/** The live counters keep slightly more than this. */
const LIVELY_MINUTES = 24 * 60;

export type Watched = { env: Env; db: Database; project: Project; now: number };
export type Filter = Partial<
  Pick<ConditionOf<"silence">, "banner_tags" | "segment_id" | "country" | "device" | "app_id">
>;

const isWell = (health: Record<string, ProjectionHealth>, names: readonly string[]): boolean =>
  names.every((name) => health[name]?.status === "ok");
const TABLES: readonly string[] = GROUPS.tables.projections.map(({ name }) => name);

/** Brings the figures that are read up to date as far as possible, and returns whether they are not behind. */
export async function isFresh({ env, db, project, now }: Watched, from: Span["granularity"]): Promise<boolean> {
  if (from === "minute") return isWell(await projectionHealth(env, db, now), ["live"]);
  const figures = (await isByDays(db, project.project_id)) ? [FIGURES] : [];
  await bringForward(env, db, now);
  if (figures.length > 0) await bringForward(env, db, now, undefined, "figures");
  return isWell(await projectionHealth(env, db, now), [...TABLES, ...figures]);
}

/** Thrown where the segment that a condition names was removed. */
export class NoSegment extends Error {}

/** The tags that a filter selects; null: all. */
export async function tagsOf({ db, project }: Watched, { banner_tags, segment_id }: Filter): Promise<string[] | null> {
  const segment = segment_id === undefined ? null : await findSegment(db, segment_id);
  if (segment_id !== undefined && segment?.project_id !== project.project_id)
    throw new NoSegment(`there is no segment ${segment_id} any more`);
  const tagsFilter = { banner_tag: banner_tags ?? [], banner_tag_not: [], banner_tag_contains: [] };
  return narrowed(null, segment ? [tagsFilter, segment.filter] : [tagsFilter], () => knownTags(db, project.project_id));
}

export type Span = { granularity: "minute" | "hour"; windows: Interval[][] };

/**
 * The time that is measured. `running`: the last `minutes` up to now. `pair`: the last `minutes` that are over, and as many before
 * them. More than a day is counted by whole hours.
 */
export function spanOf(timezone: string, now: number, minutes: number, kind: "running" | "pair"): Span {
  const granularity = minutes * (kind === "pair" ? 2 : 1) > LIVELY_MINUTES ? "hour" : "minute";
  const length = granularity === "hour" ? HOUR_MS : MINUTE_MS;
  const count = Math.ceil((minutes * MINUTE_MS) / length);
  const all = intervalsOf(timezone, granularity, now - (2 * count + 2) * length, now + 1);
  if (kind === "running") return { granularity, windows: [all.slice(-(count + 1))] };
  const over = all.filter(({ until }) => until <= now);
  return { granularity, windows: [over.slice(-2 * count, -count), over.slice(-count)] };
}

const fieldOf = ({ country, device, app_id }: Filter): Wanted["filter"] => {
  const fields = { country, device, app_id };
  const found = Object.entries(fields).find(([, value]) => value !== undefined);
  return found === undefined ? null : { field: found[0] as keyof typeof fields, value: found[1] as string };
};

/** The events of several tags are the sum over the tags. */
async function countsByHour(asked: Watched & { tags: string[] | null }, wanted: Wanted, period: Period) {
  const { db, project, tags } = asked;
  if (!(await isByDays(db, project.project_id))) return countsFromTables(asked, wanted, period);
  return countsFromDays(db, await daysOf({ ...asked, principal: ADMIN }, { tags }, wanted.filter), wanted, period);
}

async function partsOf(
  watched: Watched,
  filter: Filter,
  { granularity, windows }: Span,
  { types, money }: { types: readonly string[] | null; money: boolean },
): Promise<Parts[]> {
  const intervals = windows.flat();
  const wanted: Wanted = { granularity, dimension: null, filter: fieldOf(filter), intervals, types };
  const asked = { ...watched, tags: await tagsOf(watched, filter) };
  const [first, last] = [intervals[0] as Interval, intervals.at(-1) as Interval];
  const period = { from: first.name.slice(0, 10), to: last.name.slice(0, 10) };
  const live = granularity === "minute";
  const counts: Count[] = money
    ? []
    : await (live ? countsByMinute(asked, wanted) : countsByHour(asked, wanted, period));
  const paid: Paid[] = money ? await (live ? paidByMinute(asked, wanted) : paidFromTables(asked, wanted, period)) : [];
  return windows.map((window) => {
    const names = new Set(window.map(({ name }) => name));
    const countsInWindow = counts.filter(({ interval }) => names.has(interval));
    return {
      total: (type) =>
        countsInWindow.reduce((sum, row) => sum + (type === undefined || row.event_type === type ? row.total : 0), 0),
      people: 0,
      firsts: 0,
      usd: convert(paid.filter(({ interval }) => names.has(interval))).exact,
    };
  });
}

/** The value of a metric in each window; null where it has none. */
export async function valuesOf(
  watched: Watched,
  { metric, event_type, ...filter }: Filter & { metric: SeriesName; event_type?: string | undefined },
  span: Span,
): Promise<(number | null)[]> {
  const series: Series = SERIES[metric];
  const types = event_type === undefined ? (series.types ?? null) : [event_type];
  const parts = await partsOf(watched, filter, span, { types, money: series.money ?? false });
  return parts.map((one) => {
    const value = series.value(one);
    return value === null ? null : Number(value);
  });
}

/** How many events of a type came in the last minutes. */
export async function eventsIn(watched: Watched, { event_type, ...filter }: ConditionOf<"silence">, span: Span) {
  const [parts] = await partsOf(watched, filter, span, { types: [event_type], money: false });
  return (parts as Parts).total(event_type);
}
