/** What series there are: a name, what it is made from, and how. */

/** What an interval holds, of one value of a dimension. */
export type Parts = {
  /** Distinct events, of a type or of all. */
  total(event_type?: string): number;
  /** Distinct people. */
  people: number;
};
export type Value = number | string | null;

export type Series = {
  /** What the value is, with its unit. */
  is: string;
  /** The event types that are counted; null is all, absent is none. */
  types?: readonly string[] | null;
  /** Whether people are counted: a minute has no figure of its own then. */
  people?: true;
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
  events: { is: "distinct events of any type", types: null, value: (parts) => parts.total() },
  daily_active_users: { is: "distinct people", people: true, value: (parts) => parts.people },
  conversion_rate: {
    is: "registrations for each visit, both as events; null where there was no visit",
    types: ["visit", "registration"],
    value: (parts) => (parts.total("visit") > 0 ? parts.total("registration") / parts.total("visit") : null),
  },
} as const satisfies Record<string, Series>;
export type SeriesName = keyof typeof SERIES;
export const SERIES_NAMES = Object.keys(SERIES) as SeriesName[];
