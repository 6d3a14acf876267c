/** The series as data: the name of each, which counts it needs, and how its value is computed. */
import { formatAverage, formatExact } from "../usd.ts";
import { DIMENSIONS, type Dimension, type Narrowing } from "./sources.ts";

/** The counts of an interval, for one value of a dimension. */
export type Parts = {
  /** Distinct events, of a type or of all. */
  total(event_type?: string): number;
  /** Distinct people. */
  people: number;
  /** People whose first deposit ever is in it. */
  firsts: number;
  /** What people paid, in 1e-12 USD. */
  usd: bigint;
};
export type Value = number | string | null;

export type Series = {
  /** What the value is, with its unit. */
  is: string;
  /** The event types that are counted; null: all; absent: none. */
  types?: readonly string[] | null;
  /** Whether people are counted: they are not counted by the minute. */
  people?: true;
  /** Whether people are counted by their first deposit: this is kept only by day and tag. */
  firsts?: true;
  /** Whether payments are summed up: they are not kept by country and device. */
  money?: true;
  value(parts: Parts): Value;
};

const ofType = (event_type: string): Series => ({
  is: `distinct ${event_type} events`,
  types: [event_type],
  value: (parts) => parts.total(event_type),
});

export const SERIES = {
  visits: ofType("visit"),
  registrations: ofType("registration"),
  deposits: ofType("deposit"),
  first_deposits: {
    is: "people whose first deposit ever is of that day, by the tag of that deposit",
    firsts: true,
    value: (parts) => parts.firsts,
  },
  events: { is: "distinct events of any type", types: null, value: (parts) => parts.total() },
  revenue: {
    is: "what was paid by purchases and deposits, in USD at the rate in force on the event's date",
    money: true,
    value: (parts) => formatExact(parts.usd),
  },
  arpu: {
    is: "revenue for each of the distinct people who did anything; null where nobody did",
    money: true,
    people: true,
    value: (parts) => formatAverage(parts.usd, parts.people),
  },
  daily_active_users: { is: "distinct people", people: true, value: (parts) => parts.people },
  conversion_rate: {
    is: "registrations for each visit, both as events; null where there was no visit",
    types: ["visit", "registration"],
    value: (parts) => (parts.total("visit") > 0 ? parts.total("registration") / parts.total("visit") : null),
  },
} as const satisfies Record<string, Series>;
/** The dimensions of the table `payments`. */
export const MONEY_DIMENSIONS: readonly Dimension[] = ["banner_tag", "app_id"];

/** The fields by which a series of events can be narrowed, in every granularity. */
export const EVENT_FIELDS: readonly Narrowing[] = ["country", "device", "app_id"];
export const MONEY_FIELDS: readonly Narrowing[] = ["app_id"];

/** The dimensions that a series can have, and what it counts, for the message that refuses another dimension. */
export function dimensionsOf({ money, firsts }: Series): { dimensions: readonly Dimension[]; what: string } {
  if (firsts) return { dimensions: ["banner_tag"], what: "first deposits" };
  return money ? { dimensions: MONEY_DIMENSIONS, what: "payments" } : { dimensions: DIMENSIONS, what: "events" };
}

/** The fields by which the tables can narrow a series. */
export const fieldsOf = ({ money, firsts }: Series): readonly Narrowing[] =>
  firsts ? [] : money ? MONEY_FIELDS : EVENT_FIELDS;

export type SeriesName = keyof typeof SERIES;
export const SERIES_NAMES = Object.keys(SERIES) as SeriesName[];
