/** The demo: its events are accepted by their routes, its payments have rates, and all events arrive. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { coming, happened, PEOPLE_A_DAY } from "../../scripts/demo/course.ts";
import { livelyPace, speedometer } from "../../scripts/demo/pace.ts";
import { DAY, type Hit, HOUR } from "../../scripts/demo/people.ts";
import { CURRENCIES, missingRates } from "../../scripts/demo/rates.ts";
import { sendNow } from "../../scripts/demo/send.ts";
import { storyOf } from "../../scripts/demo/story.ts";
import { addDays } from "../../worker/calendar.ts";
import { botReason } from "../../worker/collect/bot.ts";
import { readEvent } from "../../worker/event-reading.ts";
import { BEFORE } from "../../worker/reports/anomalies/band.ts";
import { type Counted, seriesOf } from "../../worker/reports/anomalies/series.ts";
import { anomaliesIn } from "../../worker/reports/anomalies/verdict.ts";

const NOW = Date.UTC(2026, 4, 31, 15);
const MONTH = 30 * DAY - HOUR;
const story = storyOf(NOW, null);
const hits: Hit[] = [...happened(NOW - MONTH, NOW, story, PEOPLE_A_DAY)];
const idsOf = (some: readonly Hit[]) => some.map(({ fields }) => fields.event_id).sort();

test("every event of the demo is taken as a pixel, by the events API or by an import", () => {
  for (const { at, by, agent, country, fields } of hits) {
    const timely = { ...fields, timestamp: NOW };
    const readings = [
      readEvent(Object.entries(timely), by === "pixel" ? "pixel" : "api", NOW),
      readEvent(Object.entries({ ...fields, timestamp: at, user_agent: agent, country }), "import", NOW + 9 * DAY),
    ];
    for (const reading of readings) expect(reading.ok, JSON.stringify([fields, reading])).toBe(true);
  }
});

test("players come back, and no address can belong to a real person", () => {
  const days = new Map<unknown, Set<number>>();
  for (const { at, fields } of hits) {
    if (fields.player_id === undefined) continue;
    days.set(fields.player_id, (days.get(fields.player_id) ?? new Set()).add(Math.floor(at / DAY)));
  }
  expect([...days.values()].filter(({ size }) => size > 2).length).toBeGreaterThan(100);
  for (const { fields } of hits.filter(({ fields }) => fields.event_type === "auth"))
    expect((fields.data as { email: string }).email).toMatch(/^player-[0-9a-f]{8}@players\.example$/);
});

test("every payment has a rate in force on its day, and existing rates are kept", () => {
  expect(new Set(hits.flatMap(({ fields }) => (fields.currency as string) ?? []))).toEqual(new Set(CURRENCIES));
  const [from, to] = ["2026-05-01", "2026-06-03"];
  const known = [
    { currency_code: "EUR", rate_date: "2026-05-10" },
    { currency_code: "GBP", rate_date: "2026-04-28" },
  ];
  const brought = missingRates(known, from, to);
  const all = new Set([...known, ...brought].map(({ currency_code, rate_date }) => `${currency_code} ${rate_date}`));
  expect(all.size).toBe(known.length + brought.length);
  for (const currency of CURRENCIES.filter((currency) => currency !== "USD")) {
    for (let date = from; date <= addDays(to, 7); date = addDays(date, 1)) {
      const inForce = Array.from({ length: 8 }, (_, before) => all.has(`${currency} ${addDays(date, -before)}`));
      expect([currency, date, inForce.includes(true)]).toEqual([currency, date, true]);
    }
  }
  // Made-up rates leave a week around real rates alone.
  const eur = brought.filter(({ currency_code }) => currency_code === "EUR").map(({ rate_date }) => rate_date);
  expect(eur.filter((date) => date >= "2026-05-10" && date <= "2026-05-17")).toEqual([]);
  expect(missingRates([...known, ...brought], from, to)).toEqual([]);
});

const until = (end: number, since = NOW): Hit[] => {
  const come: Hit[] = [];
  for (const hit of coming(since, story)) {
    if (hit.at >= end) break;
    come.push(hit);
  }
  return come;
};

test("as much happens now as on the days before, in the order of time, and each event once", () => {
  const days = Array.from({ length: 7 }, (_, n) =>
    hits.filter(({ at }) => at >= NOW - (n + 1) * DAY && at < NOW - n * DAY),
  );
  const week = days.reduce((sum, day) => sum + day.length, 0) / 7;
  const next = until(NOW + DAY);
  expect(next.length).toBeGreaterThan(0.8 * week);
  expect(next.length).toBeLessThan(1.25 * week);
  expect(next.map(({ at }) => at)).toEqual(next.map(({ at }) => at).toSorted((a, b) => a - b));
  expect(new Set(idsOf([...hits, ...next])).size).toBe(hits.length + next.length);
});

test("started again later, it sends the same events with the same ids, the missed ones, and continues as without a stop", () => {
  const again = NOW + 7 * HOUR;
  const since = NOW - MONTH;
  const missed = [...happened(since, again, story, PEOPLE_A_DAY)];
  const before = new Set(idsOf(hits));
  expect(idsOf(missed).filter((id) => before.has(id))).toEqual(idsOf(hits));
  // People from before the month began also come back in the continued events.
  const came = new Set(idsOf(missed));
  const live = until(again);
  expect(live.filter(({ fields }) => came.has(fields.event_id)).length).toBe(missed.length - hits.length);
  expect(idsOf(until(again + DAY).slice(live.length))).toEqual(idsOf(until(again + DAY, again)));
});

test("a sample of it covers all days, so that a few events show a month", () => {
  const few = [...happened(NOW - MONTH, NOW, story, 3)];
  expect(new Set(few.map(({ at }) => Math.floor(at / DAY))).size).toBeGreaterThan(27);
});

test("the additional events at the start, for the live view, are few and end within minutes", () => {
  let events = 0;
  for (let second = 0; second < DAY / 1_000; second++) events += livelyPace(second);
  expect([livelyPace(0), livelyPace(600)]).toEqual([1, 0]);
  expect(events).toBeLessThan(0.25 * hits.filter(({ at }) => at >= NOW - DAY).length);
});

const isCrawler = (agent: string) => botReason({ agent, asn: undefined, local: true }, {}) === "crawler";

/** Counts as the projections do: distinct events by type, tag and day, without crawlers. */
function counted(): Counted[] {
  const rows = new Map<string, Counted>();
  for (const { at, agent, fields } of hits) {
    if (isCrawler(agent) || fields.banner_tag === undefined) continue;
    const { event_type, banner_tag } = fields as unknown as Counted;
    const row = rows.get(`${event_type} ${banner_tag}`) ?? { event_type, banner_tag, totals: {} };
    const date = new Date(at).toISOString().slice(0, 10);
    row.totals[date] = (row.totals[date] ?? 0) + 1;
    rows.set(`${event_type} ${banner_tag}`, row);
  }
  return [...rows.values()];
}

test("the report of anomalies finds its story: one affiliate falls silent, one has unexpectedly many registrations", () => {
  const to = addDays("2026-05-31", -1);
  const from = addDays(to, -BEFORE - 10);
  const { anomalies } = anomaliesIn(seriesOf(counted(), { from, to }, null), BEFORE, BEFORE + 11);
  const told = anomalies.map(({ banner_tag, measure, kind, day }) => [addDays(from, day), banner_tag, measure, kind]);
  const silence = new Date(story.silent.since).toISOString().slice(0, 10);
  const cheating = new Date(story.cheating.since).toISOString().slice(0, 10);
  expect([silence, cheating]).toEqual(["2026-05-27", "2026-05-25"]);
  expect(told).toContainEqual([silence, "aff-south", "visit", "silence"]);
  expect(told).toContainEqual([cheating, "aff-west", "registration", "spike"]);
  expect(told.filter(([, tag]) => tag === "aff-north")).toEqual([]);
});

test("cheaters register from one network within seconds and never pay; crawlers come by the same tag", () => {
  const fakes = hits.filter(({ network }) => network !== undefined);
  const registrations = fakes.filter(({ fields }) => fields.event_type === "registration");
  const days = Map.groupBy(registrations, ({ at }) => Math.floor(at / DAY));
  expect(days.size).toBeGreaterThan(4);
  for (const day of days.values()) {
    expect(day.length).toBeGreaterThan(20);
    const times = day.map(({ at }) => at);
    expect(Math.max(...times) - Math.min(...times)).toBeLessThan(60_000);
  }
  expect(new Set(fakes.map(({ network, fields }) => `${network} ${fields.banner_tag}`)).size).toBe(1);
  const players = new Set(registrations.map(({ fields }) => fields.player_id));
  const others = hits.filter(({ fields }) => fields.event_type !== "registration" && players.has(fields.player_id));
  expect(others).toEqual([]);
  expect(
    hits.filter(({ agent, fields }) => isCrawler(agent) && fields.banner_tag === "aff-west").length,
  ).toBeGreaterThan(100);
});

test("the speed shown is the average of the last ten seconds", () => {
  const speed = speedometer(NOW);
  speed.add(5_000, NOW + 1_000);
  expect(speed.perSecond(NOW + 2_000)).toBe(2_500);
  speed.add(30, NOW + 58_000);
  expect(speed.perSecond(NOW + 60_000)).toBe(3);
  expect(speed.perSecond(NOW + 90_000)).toBe(0);
});

test("nothing is lost while a server is started again: an event is sent with its id until it is taken", async () => {
  const ids: (string | null)[] = [];
  let down = 12;
  const server = createServer((request, response) => {
    ids.push(new URL(request.url ?? "", "http://demo.example").searchParams.get("event_id"));
    if (--down < 0) response.writeHead(200).end();
    else if (down % 2) request.socket.destroy();
    else response.writeHead(503, { "retry-after": "7" }).end();
  });
  await new Promise<void>((done) => server.listen(0, "127.0.0.1", done));
  const pauses: number[] = [];
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const hit = hits.find(({ by }) => by === "pixel") as Hit;
  const outcome = await sendNow({ url, project: "default", key: undefined }, hit, async (ms) => void pauses.push(ms));
  server.close();
  expect(outcome).toEqual({ accepted: 1, rejected: 0, unavailable: 0 });
  expect(ids).toEqual(Array.from({ length: 13 }, () => hit.fields.event_id));
  expect(pauses.length).toBe(12);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(30_000);
  expect(Math.min(...pauses.filter((_, index) => index % 2 === 1))).toBeGreaterThanOrEqual(7_000);
});
