/**
 * A figure over time. By the minute it comes from the live counters, which are a second behind and reach back 24
 * hours; by the hour and day from the tables, which reach back to the beginning.
 */

import * as z from "zod";
import { localTime } from "../../calendar.ts";
import { timestamp } from "../../event.ts";
import { Problem } from "../../http/problem.ts";
import { tagFilter } from "../../http/tag-filter.ts";
import type { Project } from "../../project.ts";
import { DAY_MS, iso, MINUTE_MS } from "../../time.ts";
import { amounts, instant, maybe, named } from "../answer.ts";
import type { DaysScope } from "../days/scope.ts";
import { countsFromDays, firstsFromDays, paidFromDays, peopleFromDays } from "../days/series.ts";
import { type FieldFilter, fieldFilter } from "../field-filter.ts";
import { common, type Period } from "../period.ts";
import { report } from "../report.ts";
import { amountsCell, convert, formatAmounts } from "../usd.ts";
import { GRANULARITIES, type Granularity, type Interval, intervalsOf } from "./intervals.ts";
import {
  dimensionsOf,
  EVENT_FIELDS,
  fieldsOf,
  MONEY_FIELDS,
  type Parts,
  SERIES,
  SERIES_NAMES,
  type Series,
  type SeriesName,
} from "./names.ts";
import {
  type Count,
  countsByMinute,
  countsFromTables,
  DIMENSIONS,
  type From,
  firstsFromTables,
  type Paid,
  type People,
  paidByMinute,
  paidFromTables,
  peopleFromTables,
  type Wanted,
} from "./sources.ts";

/** Up to this length a range is shown by the hour, unless the request names a granularity. */
const HOURLY_MS = 14 * DAY_MS;
const MOST_POINTS = 100_000;
const LENGTHS = { minute: MINUTE_MS, hour: 3_600_000, day: DAY_MS } as const satisfies Record<Granularity, number>;

const query = z.strictObject({
  ...common,
  startTime: timestamp.optional(),
  endTime: timestamp.optional(),
  granularity: z.enum(GRANULARITIES, `must be one of ${GRANULARITIES.join(", ")}`).optional(),
  dimension: z.enum(DIMENSIONS, `must be one of ${DIMENSIONS.join(", ")}`).optional(),
  ...tagFilter,
  ...fieldFilter,
});
type Query = z.output<typeof query>;

const point = z.object({
  time: instant.describe("When the interval begins."),
  banner_tag: maybe.exactOptional(),
  country: maybe.exactOptional(),
  device: maybe.exactOptional(),
  app_id: maybe.exactOptional(),
  value: z.union([z.number(), z.string()]).nullable().describe("A decimal as text where it is money."),
  unconverted: amounts.exactOptional().describe("What was paid that has no rate in force on its date."),
  complete: z.literal(false).exactOptional().describe("The interval is not over yet."),
});
export type Point = z.output<typeof point>;

const answer = z
  .object({
    ...named,
    name: z.enum(SERIES_NAMES),
    granularity: z.enum(GRANULARITIES),
    source: z.enum(["live", "tables"]),
    startTime: instant.describe("When the first interval begins."),
    endTime: instant.describe("When the last interval ends."),
    points: z.array(point).describe("Every interval, also where nothing happened; by dimension, every value of it."),
  })
  .meta({ id: "Series" });
export type SeriesAnswer = z.output<typeof answer>;

type Range = { from: number; to: number; granularity: Granularity };

/** `byDays`: the figures are read from rows of days, which have none by the minute. */
function rangeOf(asked: Query, now: number, byDays: boolean): Range {
  const to = Math.min(asked.endTime ?? now, now);
  const from = asked.startTime ?? to - DAY_MS;
  if (from >= to) throw Problem.of("startTime", "startTime must be before endTime, and not in the future");
  // The minute in which the 24 hours begin is included.
  const lively = from >= now - DAY_MS - MINUTE_MS;
  const granularity = asked.granularity ?? (lively && !byDays ? "minute" : to - from <= HOURLY_MS ? "hour" : "day");
  if (granularity === "minute" && byDays)
    throw Problem.of(
      "granularity",
      `granularity must be hour or day for this filter: by the minute events are counted by one value of ${EVENT_FIELDS.join(", ")}, payments by one of ${MONEY_FIELDS.join(", ")}`,
    );
  if (granularity === "minute" && !lively)
    throw Problem.of("startTime", "startTime must be within the last 24 hours if the granularity is minute");
  if ((to - from) / LENGTHS[granularity] > MOST_POINTS) throw tooMany();
  return { from, to, granularity };
}

const tooMany = () =>
  Problem.of(
    "granularity",
    `these are more than ${MOST_POINTS} points: ask for a shorter time or a coarser granularity`,
  );

function seriesOf(name: string): Series {
  if (Object.hasOwn(SERIES, name)) return SERIES[name as SeriesName];
  throw new Problem(404, `There is no series ${name}; there are ${SERIES_NAMES.join(", ")}.`);
}

/** Unless the request names a granularity, people are counted by the hour at the finest, and first deposits by the day. */
function rangeFor(series: Series, name: string, asked: Query, now: number, byDays: boolean): Range {
  const range = rangeOf(asked, now, byDays);
  if (series.firsts && range.granularity !== "day") {
    if (asked.granularity === undefined) return { ...range, granularity: "day" };
    throw Problem.of("granularity", `granularity must be day for ${name}: they are kept by the day`);
  }
  if (!series.people || range.granularity !== "minute") return range;
  if (asked.granularity === undefined) return { ...range, granularity: "hour" };
  throw Problem.of("granularity", `granularity must be hour or day for ${name}: people are not counted by the minute`);
}

/** The filter in the form that the sources take. */
function narrowed(filter: FieldFilter | null): Wanted["filter"] {
  const field = EVENT_FIELDS.find((name) => name === filter?.field);
  return filter && field ? { field, value: filter.value } : null;
}

const isOfMoney = ({ money }: Series): boolean => money === true;

const periodOf = ({ timezone }: Project, { from, to }: Range) => ({
  from: localTime(timezone, from).date,
  to: localTime(timezone, to - 1).date,
});

/** The rows that were read, in the form that the formula of a series needs. */
class Found {
  readonly #totals = new Map<string, Map<string, number>>();
  readonly #people = new Map<string, number>();
  readonly #firsts = new Map<string, number>();
  readonly #paid = new Map<string, Paid[]>();
  readonly values = new Set<string>();

  constructor(
    intervals: readonly Interval[],
    counts: readonly Count[],
    people: readonly People[],
    firsts: readonly People[],
    paid: readonly Paid[],
  ) {
    const names = new Set(intervals.map(({ name }) => name));
    for (const { interval, value, event_type, total } of counts) {
      if (!names.has(interval)) continue;
      this.values.add(value);
      const key = `${interval} ${value}`;
      const types = this.#totals.get(key) ?? new Map<string, number>();
      this.#totals.set(key, types.set(event_type, (types.get(event_type) ?? 0) + total));
    }
    for (const [found, numbers] of [
      [people, this.#people],
      [firsts, this.#firsts],
    ] as const)
      for (const { interval, value, people: number } of found) {
        if (!names.has(interval)) continue;
        this.values.add(value);
        numbers.set(`${interval} ${value}`, number);
      }
    for (const sum of paid) {
      if (!names.has(sum.interval)) continue;
      this.values.add(sum.value);
      const key = `${sum.interval} ${sum.value}`;
      const sumsOfKey = this.#paid.get(key) ?? [];
      sumsOfKey.push(sum);
      this.#paid.set(key, sumsOfKey);
    }
  }

  parts({ name }: Interval, value: string): Parts & { unconverted: Map<string, bigint> } {
    const types = this.#totals.get(`${name} ${value}`);
    const { exact, unconverted } = convert(this.#paid.get(`${name} ${value}`) ?? []);
    const all = () => [...(types?.values() ?? [])].reduce((sum, total) => sum + total, 0);
    return {
      total: (event_type) => (event_type === undefined ? all() : (types?.get(event_type) ?? 0)),
      people: this.#people.get(`${name} ${value}`) ?? 0,
      firsts: this.#firsts.get(`${name} ${value}`) ?? 0,
      usd: exact,
      unconverted,
    };
  }
}

/** The sources of figures; each is read only where the series needs it. */
type Source = {
  counts(): Promise<Count[]>;
  people(): Promise<People[]>;
  firsts(): Promise<People[]>;
  paid(): Promise<Paid[]>;
};

function sourceOf(asked: From & { days: DaysScope | null }, wanted: Wanted, period: Period): Source {
  const { db, days } = asked;
  const live = wanted.granularity === "minute";
  if (days !== null && !live)
    return {
      counts: () => countsFromDays(db, days, wanted, period),
      people: () => peopleFromDays(db, days, wanted, period),
      firsts: () => firstsFromDays(db, days, wanted, period),
      paid: () => paidFromDays(db, days, wanted, period),
    };
  return {
    counts: () => (live ? countsByMinute(asked, wanted) : countsFromTables(asked, wanted, period)),
    people: () => peopleFromTables(asked, wanted, period),
    firsts: () => firstsFromTables(asked, wanted, period),
    paid: () => (live ? paidByMinute(asked, wanted) : paidFromTables(asked, wanted, period)),
  };
}

export const series = report({
  id: "getSeries",
  path: "/metrics/:name",
  summary: "One figure over time, by the minute, hour or day",
  description: `${Object.entries(SERIES)
    .map(([name, { is }]) => `\`${name}\`: ${is}.`)
    .join(
      " ",
    )} The last 24 hours where no time is given. By the minute for a range within the last 24 hours, by the hour for up to 14 days, else by the day, where no granularity is given.`,
  role: "viewer",
  amountsIn: (_, { name }) => (isOfMoney(seriesOf(name)) ? "name" : undefined),
  query,
  answer,
  holds: "A point for each interval.",
  examples: { name: "visits" },
  tries: [
    "granularity=day",
    "granularity=hour&dimension=country",
    "dimension=banner_tag",
    "granularity=day&device=mobile",
  ],
  problems: [404],
  converts: true,
  period: (project, asked, now, byDays) => periodOf(project, rangeOf(asked, now, byDays)),
  first: "startTime",
  inCells: true,
  keptBy: ({ dimension }, { name }) => {
    return fieldsOf(seriesOf(name)).filter(
      (field) => dimension === undefined || dimension === "banner_tag" || dimension === field,
    );
  },
  // While the period's last day is not over, its intervals grow and new ones begin.
  reads: ({ query: asked, params: { name }, project, now, byDays }) => {
    const range = rangeOf(asked, now, byDays);
    const over = periodOf(project, range).to < localTime(project.timezone, now).date;
    if (!over || range.granularity === "minute") return "now";
    // An earlier deposit may still arrive, and a first deposit is then no longer the first.
    return seriesOf(name).firsts ? "until" : "period";
  },
  async read(asked) {
    const { project, params, now } = asked;
    const { project_id, timezone } = project;
    const name = params.name as SeriesName;
    const formula = seriesOf(name);
    const range = rangeFor(formula, name, asked.query, now, asked.byDays);
    const intervals = intervalsOf(timezone, range.granularity, range.from, range.to);
    const dimension = asked.query.dimension ?? null;
    const { dimensions, what } = dimensionsOf(formula);
    if (dimension !== null && !dimensions.includes(dimension))
      throw Problem.of(
        "dimension",
        `dimension must be ${dimensions.join(" or ")} for ${name}: ${what} are not kept by ${dimension}`,
      );
    const types = formula.types ?? null;
    const wanted: Wanted = {
      granularity: range.granularity,
      dimension,
      filter: narrowed(asked.field),
      intervals,
      types,
    };
    const source = range.granularity === "minute" ? "live" : "tables";
    const period = periodOf(project, range);
    const { counts: countsIn, people: peopleIn, firsts: firstsIn, paid: paidIn } = sourceOf(asked, wanted, period);
    const [counts, people, firsts, paid] = await Promise.all([
      formula.types === undefined ? [] : countsIn(),
      formula.people ? peopleIn() : [],
      formula.firsts ? firstsIn() : [],
      formula.money ? paidIn() : [],
    ]);
    const found = new Found(intervals, counts, people, firsts, paid);
    const values = dimension === null ? [""] : [...found.values].sort();
    if (intervals.length * values.length > MOST_POINTS) throw tooMany();
    const points = intervals.flatMap((interval) =>
      values.map((value): Point => {
        const parts = found.parts(interval, value);
        return {
          time: iso(interval.at),
          ...(dimension && { [dimension]: value || null }),
          value: formula.value(parts),
          ...(parts.unconverted.size > 0 && { unconverted: formatAmounts(parts.unconverted) }),
          ...(interval.until > now && { complete: false }),
        };
      }),
    );
    const time = (at: number) => iso(at);
    const body: SeriesAnswer = {
      project_id,
      timezone,
      name,
      granularity: range.granularity,
      source,
      startTime: time(intervals[0]?.at ?? range.from),
      endTime: time(intervals.at(-1)?.until ?? range.to),
      points,
    };
    const columns = [
      "time",
      ...(dimension ? [dimension] : []),
      "value",
      ...(formula.money ? ["unconverted"] : []),
      "complete",
    ];
    const rows = points.map(({ unconverted = {}, ...row }) => ({ ...row, unconverted: amountsCell(unconverted) }));
    return { body, columns, rows };
  },
});
