/**
 * The demo's three affiliates: `aff-north` does well, `aff-south` has brought no visits for some days, and `aff-west` cheats:
 * each day crawlers visit by its tag, and some dozens of people register from one network within seconds and never pay.
 */
import { seeded, whole } from "./chance.ts";
import { DAY, type Hit, HOUR, impostor, type Story } from "./people.ts";

const SILENT_DAYS = 4;
/** The cheating began this many days before the silence of the other affiliate. */
const CHEATING_BEFORE_DAYS = 2;
const REGISTRATIONS = 28;
const CRAWLERS = 40;
/** An address for documentation, by RFC 5737. */
const NETWORK = "203.0.113.7";
const CRAWLER = "Mozilla/5.0 (compatible; OfferCrawler/1.2)";

/** `silentSince`: the day after the last visit by the silent tag, where the instance has events of the demo already. */
export function storyOf(now: number, silentSince: number | null): Story {
  const silent = silentSince ?? (Math.floor(now / DAY) - SILENT_DAYS) * DAY;
  return {
    silent: { tag: "aff-south", since: silent },
    cheating: { tag: "aff-west", since: silent - CHEATING_BEFORE_DAYS * DAY },
  };
}

/** The events of the cheating on a day, in days since 1970; none before it began. */
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

/** Asks an instance since when the silent tag has no visits; null where it has never had one. */
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
