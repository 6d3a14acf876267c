/** What an alert watches: the kinds of conditions, with the settings of each, and how often it is judged. */

import * as z from "zod";
import { ERROR_CODES, eventType } from "../event.ts";
import { SEVERITIES } from "../reports/anomalies/verdict.ts";
import { SERIES, type Series, type SeriesName } from "../reports/series/names.ts";
import { MINUTE_MS } from "../time.ts";

const MOST_DAYS = 7;

/** The series that an alert can watch: people are not counted by the minute, first deposits not by the hour, so both are left out. */
export const METRICS = (Object.entries(SERIES) as [SeriesName, Series][])
  .filter(([, { people, firsts }]) => !people && !firsts)
  .map(([name]) => name);

const tag = z.string().min(1, "must not be empty").max(128, "is too long");
const value = z.string().min(1, "must not be empty").max(128, "is too long");
/** Which events are watched: they must match all of these. At most one of `country`, `device`, `app_id` may be given. */
const filter = {
  banner_tags: z.array(tag).min(1, "must name one tag at least").max(50, "must be 50 at most").optional(),
  segment_id: z.string().min(1, "must not be empty").max(64, "is too long").optional(),
  country: z
    .string()
    .regex(/^[A-Z][A-Z0-9]$/, "must be two capital letters, as in ISO 3166")
    .optional(),
  device: value.optional(),
  app_id: value.optional(),
};
const minutes = z
  .int("must be whole minutes")
  .min(5, "must be 5 at least")
  .max(MOST_DAYS * 24 * 60, `must be ${MOST_DAYS} days at most`);
const whole = z.int("must be whole").min(0, "must not be negative");
const watched = {
  metric: z.enum(METRICS as [SeriesName], `must be one of ${METRICS.join(", ")}`),
  event_type: eventType.optional(),
  minutes,
  ...filter,
};

/** The kinds of conditions: the settings of each, and how often it is judged, in milliseconds. */
const KINDS = {
  threshold: {
    every: 5 * MINUTE_MS,
    shape: {
      ...watched,
      comparison: z.enum(["above", "below"], "must be above or below"),
      value: z.number("must be a number").min(0, "must not be negative"),
    },
  },
  change: {
    every: 5 * MINUTE_MS,
    shape: {
      ...watched,
      direction: z.enum(["rise", "fall"], "must be rise or fall"),
      percent: z.number("must be a number").min(1, "must be 1 at least").max(10_000, "must be 10000 at most"),
      at_least: z.number("must be a number").min(0, "must not be negative").optional(),
    },
  },
  silence: { every: 5 * MINUTE_MS, shape: { event_type: eventType, minutes, ...filter } },
  anomaly: {
    every: 60 * MINUTE_MS,
    shape: {
      severity: z.enum(SEVERITIES, `must be one of ${SEVERITIES.join(", ")}`),
      banner_tags: filter.banner_tags,
      segment_id: filter.segment_id,
    },
  },
  rejections: {
    every: 5 * MINUTE_MS,
    shape: {
      above: whole,
      hours: z.int("must be whole hours").min(1, "must be 1 at least").max(168, "must be 168 at most"),
      code: z.enum(ERROR_CODES, "must be the code of an error").optional(),
      banner_tag: tag.optional(),
    },
  },
  postbacks: { every: 5 * MINUTE_MS, shape: {} },
  dead_letters: { every: 5 * MINUTE_MS, shape: { above: whole } },
  rates: { every: 60 * MINUTE_MS, shape: {} },
  archive: { every: 5 * MINUTE_MS, shape: {} },
  projections: { every: 5 * MINUTE_MS, shape: {} },
  plan: {
    every: 5 * MINUTE_MS,
    shape: { percent: z.number("must be a number").min(1, "must be 1 at least").max(100, "must be 100 at most") },
  },
} as const satisfies Record<string, { every: number; shape: z.ZodRawShape }>;
export type ConditionKind = keyof typeof KINDS;
export const CONDITION_KINDS = Object.keys(KINDS) as ConditionKind[];

const one = <Kind extends ConditionKind>(kind: Kind) =>
  z.strictObject({ kind: z.literal(kind), ...(KINDS[kind].shape as (typeof KINDS)[Kind]["shape"]) });

type Shape = { [Kind in ConditionKind]: ReturnType<typeof one<Kind>> }[ConditionKind];
export const condition = z.discriminatedUnion(
  "kind",
  CONDITION_KINDS.map((kind) => one(kind)) as unknown as [Shape, ...Shape[]],
  `must have a kind: ${CONDITION_KINDS.join(", ")}`,
);
export type Condition = z.output<typeof condition>;
export type ConditionOf<Kind extends ConditionKind> = Extract<Condition, { kind: Kind }>;

export const everyOf = ({ kind }: Pick<Condition, "kind">): number => KINDS[kind].every;

const FIELDS = ["country", "device", "app_id"] as const;

/** Checks rules between fields: the wrong field and the rule that it breaks, or null. */
export function wrongCondition(given: Condition): { field: string; rule: string } | null {
  const named = FIELDS.filter((field) => (given as Record<string, unknown>)[field] !== undefined);
  if (named.length > 1)
    return {
      field: `condition.${named[1]}`,
      rule: `must not be given together with ${named[0]}: an alert watches one field`,
    };
  if (given.kind !== "threshold" && given.kind !== "change") return null;
  if (given.event_type !== undefined && given.metric !== "events")
    return { field: "condition.event_type", rule: "is for the metric events alone" };
  if ((SERIES[given.metric] as Series).money && named.some((field) => field !== "app_id"))
    return { field: `condition.${named[0]}`, rule: "cannot narrow revenue: payments are kept by app_id" };
  return null;
}
