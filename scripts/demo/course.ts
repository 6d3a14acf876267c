/**
 * What happens in the demo, as a function of the day: who comes on it, and all that each of them does in the month that
 * follows, with the same ids each time. So what happens now goes on exactly where the past ends, and a demo that is started
 * again sends what was missed meanwhile; whatever it sends twice counts once.
 */
import { seeded } from "./chance.ts";
import { DAY, type Hit, HOUR, life, momentOfDay, type Story } from "./people.ts";
import { cheat } from "./story.ts";

/** About 12,000 events in a month. */
export const PEOPLE_A_DAY = 110;
/** So long somebody comes back, in days. */
const LIFE_DAYS = 31;

/** So much of what comes is made at once: all lives of a month are gone through for it. */
const AT_ONCE_MS = 6 * HOUR;

const dayOf = (at: number) => Math.floor(at / DAY);
const livesOf = (day: number, n: number, story: Story): Hit[] =>
  seeded(`${day} ${n}`, () => [...life(day * DAY + momentOfDay(), story)]);

/** All between two moments, of those who came since the first one, `people` a day; round by round, so any part has all days. */
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

/** What comes from a moment on, for ever, in the order of time. */
export function* coming(from: number, story: Story): Generator<Hit, never> {
  for (let since = from; ; since += AT_ONCE_MS) {
    const all = happened(since - LIFE_DAYS * DAY, since + AT_ONCE_MS, story, PEOPLE_A_DAY);
    yield* [...all].filter(({ at }) => at >= since).sort((a, b) => a.at - b.at);
  }
}
