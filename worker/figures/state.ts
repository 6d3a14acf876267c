/**
 * A person's state: all that the next event's share of the figures depends on. It grows with the number of distinct things
 * (tags, apps, countries, currencies), never with the number of events.
 */
import type { PersonEvent } from "./person-event.ts";
import type { Fields } from "./scope-filter.ts";
import { MOST_WORDS } from "./words.ts";

/**
 * A way in which somebody was here: the tag that events counted for and the other fields that filters look at; with the last
 * day on which there was any such event, a deposit, an amount of a purchase, or one of a deposit, 0 where there was none. So
 * what any filter's figures depend on follows from ways.
 */
export const LAST_DAYS = ["active_on", "deposited_on", "paid_purchase_on", "paid_deposit_on"] as const;
export type LastDay = (typeof LAST_DAYS)[number];
export type Way = Fields & { [Name in LastDay]: number };

export const NO_WAY: Way = {
  ...{ banner_tag: 0, country: 0, device: 0, app_id: 0, platform: 0 },
  ...{ active_on: 0, deposited_on: 0, paid_purchase_on: 0, paid_deposit_on: 0 },
};

/** When something happened for the first or last time, on which date, and in which way, by its place among all. */
export type Milestone = { at: number; date: number; way: number };

/** The first of its kind, in the order of the funnel; the third deposit is in no step of it. */
export const MILESTONES = ["visit", "registration", "deposit", "second_deposit", "third_deposit"] as const;
export type MilestoneName = (typeof MILESTONES)[number];

/** An event of a person's last day, in every dimension; `hour` is the last in which they did just this. */
export type Seen = Fields & Pick<PersonEvent, "event_type" | "currency" | "hour"> & { way: number };

/** So many amounts, and their sum: whole units and ten-thousandths apart, so that no sum leaves what a number holds exactly. */
export type Money = { payments: number; whole: number; fraction: number };

export type State = {
  /** The attribution window by which all of it was counted. */
  attribution_days: number;
  /** Events, the first and the last one's time, and the last one's date. */
  total: number;
  first_at: number;
  at: number;
  date: number;
  /** As many events, up to this time, are in closed chunks; see `person.ts`. */
  closed: number;
  closed_at: number;
  /** The last tag that an event had itself, and when. */
  tag: number;
  tag_at: number;
  /** The day and the way of the first event. */
  first_date: number;
  first_way: number;
  first_touch: Milestone | null;
  last_touch: Milestone | null;
  milestones: Record<MilestoneName, Milestone | null>;
  /** How many steps of the funnel were taken one after the other. */
  steps: number;
  /** In the order in which they came. */
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

/** The place of the way that an event came in, which may be a new one. */
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
