/**
 * A person's state: everything that the counting of the next event depends on. It grows with the number of different tags,
 * apps, countries and currencies, never with the number of events.
 */
import type { PersonEvent } from "./person-event.ts";
import type { Fields } from "./scope-filter.ts";
import { MOST_WORDS } from "./words.ts";

/**
 * A combination of the fields that filters look at (the tag that events count for, and others), with the last day of any such
 * event, of a deposit, of a paid purchase and of a paid deposit; 0 where there was none. From the ways of a person follows
 * everything that the figures under any filter depend on.
 */
export const LAST_DAYS = ["active_on", "deposited_on", "paid_purchase_on", "paid_deposit_on"] as const;
export type LastDay = (typeof LAST_DAYS)[number];
export type Way = Fields & { [Name in LastDay]: number };

export const NO_WAY: Way = {
  ...{ banner_tag: 0, country: 0, device: 0, app_id: 0, platform: 0 },
  ...{ active_on: 0, deposited_on: 0, paid_purchase_on: 0, paid_deposit_on: 0 },
};

/** When something happened for the first or last time, on which date, and the index of the way in `ways`. */
export type Milestone = { at: number; date: number; way: number };

/** First events, in the order of the funnel; the third deposit is not one of its steps. */
export const MILESTONES = ["visit", "registration", "deposit", "second_deposit", "third_deposit"] as const;
export type MilestoneName = (typeof MILESTONES)[number];

/** What the person did on their last day, in every dimension; `hour` is the last hour of an event that is equal in all of them. */
export type Seen = Fields & Pick<PersonEvent, "event_type" | "currency" | "hour"> & { way: number };

/** The number of amounts, and their sum: whole units and ten-thousandths are separate, so that every sum is exact in a number. */
export type Money = { payments: number; whole: number; fraction: number };

export type State = {
  /** The attribution window with which all of this state was counted. */
  attribution_days: number;
  /** The number of events, the times of the first and the last one, and the date of the last one. */
  total: number;
  first_at: number;
  at: number;
  date: number;
  /** How many events are in closed chunks, and the time of the last of them; see `chunks.ts`. */
  closed: number;
  closed_at: number;
  /** The last tag that an event named, and when. */
  tag: number;
  tag_at: number;
  /** The day and the way of the first event. */
  first_date: number;
  first_way: number;
  first_touch: Milestone | null;
  last_touch: Milestone | null;
  milestones: Record<MilestoneName, Milestone | null>;
  /** How many steps of the funnel were taken in order. */
  steps: number;
  /** In the order of their first events. */
  ways: Way[];
  /** Events by type and app, and money by type and currency: see `pair`. */
  did: Map<number, number>;
  money: Map<number, Money>;
  seen: Seen[];
};

export const noState = (): State => ({
  attribution_days: 0,
  total: 0,
  first_at: 0,
  at: 0,
  date: 0,
  closed: 0,
  closed_at: 0,
  tag: 0,
  tag_at: 0,
  first_date: 0,
  first_way: 0,
  first_touch: null,
  last_touch: null,
  milestones: { visit: null, registration: null, deposit: null, second_deposit: null, third_deposit: null },
  steps: 0,
  ways: [],
  did: new Map(),
  money: new Map(),
  seen: [],
});

/** The index of the way of an event; adds the way where it is new. */
export function placeOfWay({ ways }: State, { app_id, country, device, platform }: PersonEvent, tag: number): number {
  for (let place = 0; place < ways.length; place++) {
    const way = ways[place] as Way;
    if (
      way.banner_tag === tag &&
      way.app_id === app_id &&
      way.country === country &&
      way.device === device &&
      way.platform === platform
    )
      return place;
  }
  return ways.push({ ...NO_WAY, banner_tag: tag, country, device, app_id, platform }) - 1;
}

export const wayAt = ({ ways }: State, place: number): Way => ways[place] as Way;

export function seenOf(
  state: State,
  { event_type, currency, hour }: Pick<Seen, "event_type" | "currency" | "hour">,
  way: number,
): Seen {
  const { banner_tag, country, device, app_id, platform } = wayAt(state, way);
  return { event_type, banner_tag, country, device, app_id, platform, currency, hour, way };
}

/** Two words as one number. */
export const pair = (one: number, other: number): number => one * MOST_WORDS + other;
export const unpair = (both: number): [number, number] => [Math.floor(both / MOST_WORDS), both % MOST_WORDS];
