/** The demo: what its people do is taken by the routes it is sent to, is worth something, and arrives. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { livePace, speedometer } from "../../scripts/demo/pace.ts";
import { DAY, type Hit, life } from "../../scripts/demo/people.ts";
import { CURRENCIES, missingRates } from "../../scripts/demo/rates.ts";
import { sendNow } from "../../scripts/demo/send.ts";
import { addDays } from "../../worker/calendar.ts";
import { readEvent } from "../../worker/event.ts";

const NOW = Date.UTC(2026, 4, 31);
const hits: Hit[] = Array.from({ length: 2_000 }, () => [...life(NOW - 30 * DAY)]).flat();

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

test("players come back, and nobody's address is somebody's", () => {
  const days = new Map<unknown, Set<number>>();
  for (const { at, fields } of hits) {
    if (fields.player_id === undefined) continue;
    days.set(fields.player_id, (days.get(fields.player_id) ?? new Set()).add(Math.floor(at / DAY)));
  }
  expect([...days.values()].filter(({ size }) => size > 2).length).toBeGreaterThan(days.size / 10);
  for (const { fields } of hits.filter(({ fields }) => fields.event_type === "auth"))
    expect((fields.data as { email: string }).email).toMatch(/^player-[0-9a-f]{8}@players\.example$/);
});

test("what is paid has a rate in force on each day, and a rate that is there stays", () => {
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
  // For a week nobody makes up what a real rate says.
  const eur = brought.filter(({ currency_code }) => currency_code === "EUR").map(({ rate_date }) => rate_date);
  expect(eur.filter((date) => date >= "2026-05-10" && date <= "2026-05-17")).toEqual([]);
  expect(missingRates([...known, ...brought], from, to)).toEqual([]);
});

test("a day live is about as many events as the day before", () => {
  const yesterday = 600;
  let events = 0;
  for (let second = 0; second < 86_400; second++) events += livePace(second, yesterday / 86_400);
  expect(events).toBeGreaterThan(yesterday);
  expect(events).toBeLessThan(1.4 * yesterday);
  expect(livePace(0, yesterday / 86_400)).toBe(1);
  expect(livePace(0, 50)).toBe(50);
});

test("the speed that is shown is that of the last ten seconds", () => {
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
