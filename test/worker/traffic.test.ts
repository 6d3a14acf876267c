/** The sources of visitors: who counts for which source, the reads of the log, and the access. */
import { env } from "cloudflare:test";
import { sql } from "drizzle-orm";
import { beforeAll, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { valueIn } from "../../worker/reports/traffic/dimension.ts";
import { readTraffic } from "../../worker/reports/traffic/log.ts";
import type { Traffic } from "../../worker/reports/traffic.ts";
import { call, read } from "./api.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const MAY = "project_id=sources&from=2026-05-01&to=2026-05-31";
const ask = (query: string, headers?: HeadersInit) => call("GET", `/traffic?${query}`, undefined, headers);
const asked = (query: string, headers?: HeadersInit) => read<Traffic>(`/traffic?${MAY}&${query}`, headers);
const inShort = ({ rows }: Traffic) =>
  rows.map(({ value, visits, visitors, registrations, first_deposits, deposits, amount }) =>
    [value, visits, visitors, registrations, first_deposits, deposits, amount].join(" "),
  );

const event = (time: string, event_type: string, more: Partial<StoredEvent>) =>
  storedEvent({ project_id: "sources", event_type, timestamp: Date.parse(`2026-${time}:00Z`), ...more });
const came = (time: string, visitor_id: string, s1: unknown, more: Partial<StoredEvent> = {}) =>
  event(time, "visit", { visitor_id, data: JSON.stringify({ s1, note: visitor_id }), banner_tag: "north", ...more });

beforeAll(async () => {
  await createProject("sources", { currency: "EUR" });
  await deliver([
    {
      events: [
        came("05-02T10:00", "ann", "red"),
        // Another source, later: she counts for the first one of the period.
        came("05-03T10:00", "ann", "blue"),
        event("05-03T11:00", "registration", { visitor_id: "ann", player_id: "anna", banner_tag: "north" }),
        event("05-03T12:00", "registration", { player_id: "anna", banner_tag: "north" }),
        // Sent by a server, which has no sub-id, country or browser.
        event("05-04T12:00", "deposit", { player_id: "anna", amount: 125_000, currency: "EUR" }),
        event("05-05T12:00", "deposit", { player_id: "anna", amount: 10_000, currency: "SEK" }),
        came("05-06T10:00", "bob", 7, { banner_tag: "south", country: "MT" }),
        came("05-06T10:30", "bob", true, { banner_tag: "south", country: "MT" }),
        event("05-06T11:00", "deposit", { visitor_id: "bob", amount: 20_000, currency: "EUR", banner_tag: "south" }),
        came("05-07T10:00", "cat", ["red"]),
        came("05-07T10:00", "bot", "red", { bot: "crawler" }),
        came("05-07T10:00", "test", "red", { test: 1 }),
        // Before the period, and without a visit in it.
        came("04-20T10:00", "dan", "red"),
        event("05-08T12:00", "deposit", { visitor_id: "dan", amount: 990_000, currency: "EUR" }),
      ],
    },
  ]);
  // A late event: the first of the period, which arrives after all others.
  await deliver([{ events: [came("05-01T10:00", "cat", "blue")] }]);
  await settle();
});

it("counts each person once, by the first visit of the period, with what they did in it", async () => {
  const answer = await asked("by=s1");
  expect(inShort(answer)).toEqual([
    "blue 2 1 0 0 0 0.00",
    " 1 0 0 0 0 0.00",
    "7 1 1 0 1 1 2.00",
    "red 1 1 1 1 2 12.50",
    "true 1 0 0 0 0 0.00",
  ]);
  expect(answer.rows[3]).toMatchObject({ unconverted: { SEK: "1.00" }, deposit_per_visit: null });
  expect(answer.total).toMatchObject({ visits: 6, visitors: 3, registrations: 1, first_deposits: 2, deposits: 3 });
  expect(inShort(await asked("by=s1&sort=amount")).at(0), "unknown comes first").toMatch(/^red/);
  expect(inShort(await asked("by=s1&country=MT")), "of visits, and not of what followed").toEqual([
    "7 1 1 0 1 1 2.00",
    "true 1 0 0 0 0 0.00",
  ]);
});

it("finds all of the period's events, however the log is cut into pieces", async () => {
  const brought = async (tags: string[] | null, look?: number) =>
    [...(await readTraffic(env, db, of(tags), look)).brought()]
      .map(([value, { paid, ...own }]) => ({ value, ...own, paid: paid.map((one) => JSON.stringify(one)).sort() }))
      .sort((a, b) => (a.value < b.value ? -1 : 1));
  const [all, north] = [await brought(null), await brought(["north"])];
  expect([all.length, north.length]).toEqual([5, 3]);
  for (const look of [1, 2, 5]) {
    expect(await brought(null, look), `pieces of ${look}`).toEqual(all);
    expect(await brought(["north"], look), `pieces of ${look}`).toEqual(north);
  }
});

it("reads a part of the log in halves if it is too large for one answer of the database", async () => {
  const megabytes = sql`hex(zeroblob(750000))`;
  const gathered = await readTraffic(env, db, { ...of(null), value: megabytes });
  expect(
    [...gathered.brought()].map(([value, { visits, visitors, deposits }]) => [
      value.length,
      visits,
      visitors,
      deposits,
    ]),
  ).toEqual([[1_500_000, 6, 3, 3]]);
});

const of = (tags: string[] | null) => ({
  project_id: "sources",
  period: { from: "2026-05-01", to: "2026-05-31" },
  tags,
  fields: {},
  value: valueIn("s1"),
});

it("shows a key limited to tags only their events, and a key for figures only no keys of data that may be personal", async () => {
  const key = await makeApiKey({ role: "viewer", project_id: "sources", banner_tags: ["south"] });
  const headers = bearer(key);
  expect(inShort(await asked("by=s1", headers))).toEqual(["7 1 1 0 1 1 2.00", "true 1 0 0 0 0 0.00"]);
  expect((await ask(`${MAY}&by=data.note`, headers)).status).toBe(403);
  expect(inShort(await asked("by=data.note")).map((row) => row.split(" ")[0])).toEqual(["ann", "bob", "cat"]);
});

it("refuses what it cannot read, and names the parameter", async () => {
  const refused = async (query: string, project_id = "sources") => {
    const response = await ask(`project_id=${project_id}&${query}`);
    return [response.status, (await response.json<{ errors: { field: string }[] }>()).errors[0]?.field];
  };
  expect(await refused("by=shoe_size")).toEqual([400, "by"]);
  expect(await refused(`by=${encodeURIComponent('data.a"b')}`)).toEqual([400, "by"]);
  expect(await refused("from=2026-01-01&to=2026-05-31")).toEqual([400, "from"]);
  await createProject("settled");
  await db.run(sql`UPDATE projects SET settled_before = '2026-05-03' WHERE project_id = 'settled'`);
  expect(await refused("from=2026-05-02&to=2026-05-31", "settled")).toEqual([400, "from"]);
  expect((await ask("project_id=settled&from=2026-05-03&to=2026-05-31")).status).toBe(200);
});
