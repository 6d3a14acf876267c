/**
 * A person's state: all that the next event's share of the figures depends on. It grows with the number of distinct things
 * (tags, apps, currencies), never with the number of events.
 */
import type { PersonEvent } from "./person-event.ts";
import { MOST_WORDS } from "./words.ts";

/** When something happened for the first or last time, on which date, and for which tag it counts. */
export type Milestone = { at: number; date: number; tag: number };

/** The first of its kind, in the order of the funnel; the third deposit is in no step of it. */
export const MILESTONES = ["visit", "registration", "deposit", "second_deposit", "third_deposit"] as const;
export type MilestoneName = (typeof MILESTONES)[number];

/** What somebody did on the last day, in every dimension; `hour` is the last in which they did just this. */
export type Seen = Pick<
  PersonEvent,
  "event_type" | "app_id" | "country" | "device" | "platform" | "currency" | "hour"
> & {
  banner_tag: number;
};

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
  /** The day and the tag of the first event. */
  first_date: number;
  first_tag: number;
  first_touch: Milestone | null;
  last_touch: Milestone | null;
  milestones: Record<MilestoneName, Milestone | null>;
  /** So many steps of the funnel were taken one behind the other. */
  steps: number;
  /** The last day with a deposit, 0 where there is none; then the last active day and the last one with a deposit by tag. */
  deposited_on: number;
  active_by_tag: Map<number, number>;
  deposited_by_tag: Map<number, number>;
  /** The last day with a payment by who pays (see `counters/income.ts`), and by that and the tag. */
  paid_on: Map<number, number>;
  paid_by_tag: Map<number, number>;
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
  first_tag: 0,
  first_touch: null,
  last_touch: null,
  milestones: { visit: null, registration: null, deposit: null, second_deposit: null, third_deposit: null },
  steps: 0,
  deposited_on: 0,
  active_by_tag: new Map(),
  deposited_by_tag: new Map(),
  paid_on: new Map(),
  paid_by_tag: new Map(),
  did: new Map(),
  money: new Map(),
  seen: [],
});

/** Two words as one number. */
export const pair = (one: number, other: number): number => one * MOST_WORDS + other;
export const unpair = (both: number): [number, number] => [Math.floor(both / MOST_WORDS), both % MOST_WORDS];
