/** A person's state as text. */
import { Reader, Writer } from "./numbers.ts";
import { FIELDS } from "./scope-filter.ts";
import {
  LAST_DAYS,
  MILESTONES,
  type Milestone,
  type Money,
  NO_WAY,
  noState,
  type Seen,
  type State,
  seenOf,
  type Way,
} from "./state.ts";

/** Increases with each change of what a state contains. People with an older version must be rebuilt from the log. */
const VERSION = 2;

const NUMBERS = [
  "attribution_days",
  "total",
  "first_at",
  "at",
  "date",
  "closed",
  "closed_at",
  "tag",
  "tag_at",
  "first_date",
  "first_way",
  "steps",
] as const satisfies readonly (keyof State)[];

const TOUCHES = ["first_touch", "last_touch"] as const;

const WAY = [...FIELDS, ...LAST_DAYS] as const satisfies readonly (keyof Way)[];

/** The other fields are in the way. */
const SEEN = ["event_type", "way", "currency", "hour"] as const satisfies readonly (keyof Seen)[];

const writer = new Writer();

function writeMilestone(milestone: Milestone | null): void {
  writer.whole(milestone === null ? 0 : 1);
  if (milestone === null) return;
  writer.whole(milestone.at);
  writer.whole(milestone.date);
  writer.whole(milestone.way);
}

function readMilestone(reader: Reader): Milestone | null {
  if (reader.whole() === 0) return null;
  return { at: reader.whole(), date: reader.whole(), way: reader.whole() };
}

/** Empty for a person without events. */
export function stateText(state: State): string {
  if (state.total === 0) return "";
  writer.begin();
  writer.whole(VERSION);
  for (const name of NUMBERS) writer.whole(state[name]);
  for (const name of TOUCHES) writeMilestone(state[name]);
  for (const name of MILESTONES) writeMilestone(state.milestones[name]);
  writer.whole(state.ways.length);
  for (const way of state.ways) for (const name of WAY) writer.whole(way[name]);
  writer.whole(state.did.size);
  for (const [key, value] of state.did) {
    writer.whole(key);
    writer.whole(value);
  }
  writer.whole(state.money.size);
  for (const [key, { payments, whole, fraction }] of state.money) {
    writer.whole(key);
    writer.whole(payments);
    writer.whole(whole);
    writer.whole(fraction);
  }
  for (const one of state.seen) for (const name of SEEN) writer.whole(one[name]);
  return writer.take();
}

/** @throws where the text has another version. */
export function readState(text: string): State {
  const state = noState();
  if (text === "") return state;
  const reader = new Reader(text);
  const version = reader.whole();
  if (version !== VERSION)
    throw new Error(`A person's state has version ${version}, not ${VERSION}: people must be rebuilt.`);
  for (const name of NUMBERS) state[name] = reader.whole();
  for (const name of TOUCHES) state[name] = readMilestone(reader);
  for (const name of MILESTONES) state.milestones[name] = readMilestone(reader);
  for (let left = reader.whole(); left > 0; left--) {
    const way = { ...NO_WAY };
    for (const name of WAY) way[name] = reader.whole();
    state.ways.push(way);
  }
  for (let left = reader.whole(); left > 0; left--) state.did.set(reader.whole(), reader.whole());
  for (let left = reader.whole(); left > 0; left--) {
    const key = reader.whole();
    const money: Money = { payments: reader.whole(), whole: reader.whole(), fraction: reader.whole() };
    state.money.set(key, money);
  }
  while (reader.more) {
    const [event_type, way, currency, hour] = [reader.whole(), reader.whole(), reader.whole(), reader.whole()];
    state.seen.push(seenOf(state, { event_type, currency, hour }, way));
  }
  return state;
}
