/**
 * The demo's three affiliates: `aff-north` does well, `aff-south` has fallen silent some days ago, and `aff-west` cheats:
 * each day crawlers come by its tag, and some dozens register from one network within seconds, who never pay.
 */
import { seeded, whole } from "./chance.ts";
import { DAY, type Hit, HOUR, impostor, type Story } from "./people.ts";

const SILENT_DAYS = 4;
/** The cheating began so long before the other's silence. */
const CHEATING_BEFORE_DAYS = 2;
const REGISTRATIONS = 28;
const CRAWLERS = 40;
/** Of RFC 5737's addresses for documentation. */
const NETWORK = "203.0.113.7";
const CRAWLER = "Mozilla/5.0 (compatible; OfferCrawler/1.2)";

/** `silentSince`: where an instance knows the story already, the day after the last visit by the silent one's tag. */
export function storyOf(now: number, silentSince: number | null): Story {
  const silent = silentSince ?? (Math.floor(now / DAY) - SILENT_DAYS) * DAY;
  return {
    silent: { tag: "aff-south", since: silent },
    cheating: { tag: "aff-west", since: silent - CHEATING_BEFORE_DAYS * DAY },
  };
}

/** What the cheat does on a day, counted from 1970; nothing before it began. */
export function cheat(day: number, { cheating }: Story): Hit[] {
  if (day * DAY < cheating.since) return [];
  return seeded(`cheat ${day}`, () => {
    const start = day * DAY + whole(8 * HOUR, 20 * HOUR);
    const registrations = Array.from({ length: REGISTRATIONS }, (_, n) =>
      impostor(start + n * whole(600, 1_400), cheating.tag, ["visit", "registration"], { network: NETWORK }),
    );
    const crawlers = Array.from({ length: CRAWLERS }, () =>
      impostor(start - whole(0, HOUR), cheating.tag, ["visit"], { agent: CRAWLER }),
    );
    return [...registrations, ...crawlers].flat();
  });
}

/** Asks an instance since when the silent one is silent; null where it knows nothing of it yet. */
export async function silenceIn(
  target: { url: string; key: string; project: string },
  now: number,
): Promise<number | null> {
  const { silent } = storyOf(now, null);
  const date = (at: number) => new Date(at).toISOString().slice(0, 10);
  const query = new URLSearchParams({
    project_id: target.project,
    from: date(now - 60 * DAY),
    to: date(now),
    event_type: "visit",
    banner_tag: silent.tag,
  });
  const headers = { authorization: `Bearer ${target.key}` };
  const answer = await fetch(`${target.url}/api/v1/metrics?${query}`, { headers }).catch(() => null);
  const { rows = [] } = ((await answer?.json().catch(() => null)) ?? {}) as { rows?: { event_date: string }[] };
  const last = rows
    .map(({ event_date }) => event_date)
    .sort()
    .at(-1);
  return last === undefined ? null : Date.parse(last) + DAY;
}
