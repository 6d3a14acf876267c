/**
 * The events of the demo as a function of the day: the people who come on it, and all that each of them does in the following
 * month, with the same ids each time. So present events continue exactly where the past ends, and a demo that is started again
 * sends the events that it missed meanwhile; an event that is sent twice counts once.
 */
import { seeded } from "./chance.ts";
import { DAY, type Hit, HOUR, life, momentOfDay, type Story } from "./people.ts";
import { cheat } from "./story.ts";

/** About 12,000 events in a month. */
export const PEOPLE_A_DAY = 110;
/** For how many days a person comes back. */
const LIFE_DAYS = 31;

/** How much of the future is made at once: each time, the events of all people of a month are computed. */
const AT_ONCE_MS = 6 * HOUR;

const dayOf = (at: number) => Math.floor(at / DAY);
const livesOf = (day: number, n: number, story: Story): Hit[] =>
  seeded(`${day} ${n}`, () => [...life(day * DAY + momentOfDay(), story)]);

/**
 * All events between two times, of people who came since the first one, `people` a day. They come in rounds over all days, so
 * that any number of them from the beginning is spread over all days.
 */
export function* happened(from: number, to: number, story: Story, people: number): Generator<Hit> {
  const days = Array.from({ length: dayOf(to) - dayOf(from) + 1 }, (_, n) => dayOf(from) + n);
  const within = ({ at }: Hit) => at >= from && at < to;
  for (let n = 0; n < people; n++) {
    for (const day of days) {
      yield* livesOf(day, n, story).filter(within);
      if (n === 0) yield* cheat(day, story).filter(within);
    }
  }
}

/** All events from a time on, without an end, in the order of time. */
export function* coming(from: number, story: Story): Generator<Hit, never> {
  for (let since = from; ; since += AT_ONCE_MS) {
    const all = happened(since - LIFE_DAYS * DAY, since + AT_ONCE_MS, story, PEOPLE_A_DAY);
    yield* [...all].filter(({ at }) => at >= since).sort((a, b) => a.at - b.at);
  }
}
