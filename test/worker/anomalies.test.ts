/** `/anomalies` with real events, through the consumer and the projections. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { FAULTS, type Fault, isFoundBy, plant } from "../../bench/faults.ts";
import { type Season, season } from "../../bench/seasons.ts";
import { addDays, daysBetween, localTime } from "../../worker/calendar.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { FIRST_DEPOSIT } from "../../worker/reports/anomalies/series.ts";
import type { Anomaly } from "../../worker/reports/anomalies/verdict.ts";
import { get, read } from "./api.ts";
import { bothWays } from "./both-ways.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, db, settle, storedEvent } from "./log.ts";

type Row = Pick<
  Anomaly,
  "kind" | "severity" | "days" | "measure" | "banner_tag" | "value" | "expected" | "expected_low" | "expected_high"
> & { event_date: string; complete: boolean; message: string };
type Anomalies = { watched: number; rows: Row[] };

const ask = (query: string, headers?: HeadersInit) => get(`/anomalies?${query}`, headers);
const anomaliesOf = (query: string, headers?: HeadersInit) => read<Anomalies>(`/anomalies?${query}`, headers);

const THURSDAY = "2026-01-01";
const DAYS = 57;

/** The first day of each fault, by its place in the list, and the tag that it happens to. */
const PLANTED = [
  { fault: 9, day: 28, tag: "north" },
  { fault: 1, day: 32, tag: "south" },
  { fault: 0, day: 34, tag: "north" },
  { fault: 3, day: 36, tag: "south" },
  { fault: 4, day: 37, tag: "north" },
  { fault: 6, day: 41, tag: "south" },
  { fault: 7, day: 42, tag: "north" },
  { fault: 5, day: 45, tag: "north" },
  { fault: 2, day: 50, tag: "south" },
  { fault: 8, day: 54, tag: "north" },
].map(({ fault, ...where }) => ({ ...where, fault: FAULTS[fault] as Fault }));

/** Events that add up to a season. Second deposits are by the tag's regular player, who exists from the first day on. */
function* eventsOf(counts: Season, project_id: string): Generator<StoredEvent> {
  for (const [banner_tag, byType] of counts) {
    const of = (type: string, day: number) => byType.get(type)?.[day] ?? 0;
    for (let day = 0; day < DAYS; day++) {
      const timestamp = Date.parse(`${addDays(THURSDAY, day)}T12:00:00Z`);
      const event = (event_type: string, who: Partial<StoredEvent>) =>
        storedEvent({ project_id, banner_tag, timestamp, event_type, ...who });
      const money = { amount: 200_000, currency: "USD" };
      const name = `${banner_tag}-${day}`;
      for (let n = 0; n < of("visit", day); n++) yield event("visit", { visitor_id: `${name}-${n}` });
      for (let n = 0; n < of("registration", day); n++) yield event("registration", { player_id: `${name}-${n}` });
      const first = of(FIRST_DEPOSIT, day);
      for (let n = 0; n < of("deposit", day); n++) {
        const player_id = n < first ? `depositor-${name}-${n}` : `regular-${banner_tag}`;
        yield event("deposit", { player_id, ...money });
      }
    }
  }
}

async function log(events: Iterable<StoredEvent>): Promise<void> {
  const batch: StoredEvent[] = [];
  for (const event of events) {
    batch.push(event);
    if (batch.length === 1_000) await append(db, batch.splice(0));
  }
  await append(db, batch);
  await settle();
}

describe("ten planted faults", () => {
  const LAST = `project_id=brand&from=${addDays(THURSDAY, 28)}&to=${addDays(THURSDAY, DAYS - 1)}`;
  let rows: Row[];

  beforeAll(async () => {
    const week = [1, 1, 0.8, 0.8, 1.1, 1.1, 1.1];
    const brand = { people: 150, registers: 0.4, week, wavers: 0.03, grows: 0 };
    const counts = season(
      ["north", "south"].map((tag) => ({ ...brand, tag })),
      DAYS,
      7,
    );
    for (const { fault, tag, day } of PLANTED) plant(counts, fault, tag, day);
    await createProject("brand");
    await log(eventsOf(counts, "brand"));
    rows = (await anomaliesOf(LAST)).rows;
  });

  it.each(PLANTED.map((planted) => ({ ...planted, name: planted.fault.name })))(
    "$name is reported",
    ({ fault, tag, day }) => {
      const told = rows.filter((row) =>
        isFoundBy({ ...row, day: daysBetween(THURSDAY, row.event_date) - 1, distance: 0 }, fault, tag, day),
      );
      expect(told).not.toEqual([]);
      for (const { value, expected_low, expected_high, expected } of told) {
        expect(value < expected_low || value > expected_high).toBe(true);
        expect(expected).toBeGreaterThan(expected_low);
        expect(expected).toBeLessThan(expected_high);
      }
    },
  );

  it("nothing is reported for days without a fault", () => {
    const faulty = new Set(
      PLANTED.flatMap(({ fault, day }) => Array.from({ length: fault.days }, (_, n) => addDays(THURSDAY, day + n))),
    );
    expect(rows.filter(({ event_date }) => !faulty.has(event_date))).toEqual([]);
  });

  it("the newest come first, of a day the worst", () => {
    const order = rows.map(({ event_date, severity }) => `${event_date} ${severity === "high" ? 1 : 0}`);
    expect(order).toEqual(order.toSorted().reverse());
    expect(rows.length).toBeGreaterThan(PLANTED.length);
  });

  it("they are described in a sentence", () => {
    const on = (day: number, measure: string, tag: string | null = null) =>
      rows.find((row) => row.event_date === addDays(THURSDAY, day) && row.measure === measure && row.banner_tag === tag)
        ?.message;
    expect(on(54, "visit")).toMatch(/^All tags: no visits on 2026-02-24, where \d+ to \d+ were expected\.$/);
    expect(on(42, "deposit", "north")).toMatch(
      /^Tag north: \d+ deposits on 2026-02-12, where \d+ to \d+ were expected\.$/,
    );
    expect(on(50, "visit_to_registration", "south")).toMatch(
      /^Tag south: [\d.]+ % of visits led to a registration on 2026-02-20, where [\d.]+ % to [\d.]+ % were expected\.$/,
    );
  });

  it("a key that is limited to a tag sees the same anomalies of it, and no others", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "brand", banner_tags: ["south"] });
    const own = await anomaliesOf(LAST, bearer(key));
    expect(own.rows).toEqual(rows.filter(({ banner_tag }) => banner_tag === "south"));
    expect(own.rows.length).toBeGreaterThan(3);
    expect(await anomaliesOf(`${LAST}&banner_tag=south`)).toEqual(own);
    expect(own.watched).toBeLessThan((await anomaliesOf(LAST)).watched);
  });

  it("they are the same from rows of days, for all tags and for some", async () => {
    for (const tags of [null, ["south"], ["south", "none such"], [""], []]) {
      const { tables, days } = await bothWays({ project_id: "brand", address: `/anomalies?${LAST}`, tags });
      expect(days).toEqual(tables);
    }
    expect(rows.length).toBeGreaterThan(10);
  });

  it("they are the same as CSV", async () => {
    const lines = (await (await ask(`${LAST}&format=csv`)).text()).trim().split("\r\n");
    expect(lines[0]).toBe(
      "event_date,banner_tag,measure,kind,severity,days,complete,value,expected,expected_low,expected_high,message",
    );
    expect(lines).toHaveLength(rows.length + 1);
  });
});

describe("today", () => {
  // A time zone where it is evening now.
  const utc = new Date().getUTCHours();
  const ahead = 18 - utc > 12 ? -6 - utc : 18 - utc;
  const timezone = `Etc/GMT${ahead > 0 ? "-" : "+"}${Math.abs(ahead)}`;

  beforeAll(async () => {
    await createProject("evening", { timezone });
    // It still uses tables, too, like a project whose log had removed days before the figures were added.
    await env.DB.prepare("INSERT INTO figures_from (project_id, date) VALUES ('evening', '2000-01-01')").run();
    const now = Date.now();
    const { date: today, hour } = localTime(timezone, now);
    const midnight = Math.floor(now / 3_600_000) * 3_600_000 - hour * 3_600_000;
    const events: StoredEvent[] = [];
    for (let back = 30; back >= 0; back--) {
      for (const banner_tag of ["steady", "silent", ...(back < 5 ? ["young"] : [])]) {
        for (let n = 0; n < 96; n++) {
          const timestamp = midnight - back * 86_400_000 + n * 900_000;
          if (timestamp > now || (back === 0 && banner_tag !== "steady")) continue;
          const visitor_id = `${banner_tag}-${back}-${n}`;
          events.push(
            storedEvent(
              {
                ...{ project_id: "evening", event_type: "visit", banner_tag, timestamp, visitor_id },
                device: back === 0 ? "desktop" : "mobile",
              },
              timezone,
            ),
          );
        }
      }
    }
    expect(events.at(-1)?.event_date).toBe(today);
    await log(events);
  });

  it("reports a tag that has sent nothing so far, although it was expected to", async () => {
    const { rows } = await anomaliesOf("project_id=evening");
    expect(rows.filter(({ banner_tag }) => banner_tag !== null)).toEqual([
      expect.objectContaining({
        event_date: localTime(timezone, Date.now()).date,
        banner_tag: "silent",
        measure: "visit",
        kind: "silence",
        complete: false,
        value: 0,
        message: expect.stringMatching(
          /^Tag silent: no visits today until 1[89]:00, where at least \d+ were expected\.$/,
        ),
      }),
    ]);
    // In this time zone the evening is still to come.
    expect(rows.find(({ banner_tag }) => banner_tag === "silent")?.expected).toBeCloseTo(72, -1);
  });

  it("reports the same from rows of days, and under a filter the missing events that match it", async () => {
    for (const tags of [null, ["silent"]]) {
      const { tables, days } = await bothWays({ project_id: "evening", address: "/anomalies", tags });
      expect(days).toEqual(tables);
    }
    const silent = async (query: string) => {
      const { rows } = await anomaliesOf(`project_id=evening&${query}`);
      return rows.filter(({ complete, kind }) => !complete && kind === "silence").map(({ banner_tag }) => banner_tag);
    };
    expect(await silent("")).toEqual(["silent"]);
    expect((await silent("device=mobile")).toSorted()).toEqual([null, "silent", "steady"].toSorted());
    expect(await silent("device=mobile&banner_tag_contains=STEAD")).toEqual(["steady"]);
    expect(await silent("device=desktop")).toEqual([]);
  });
});

it("refuses a period that is too long to search", async () => {
  const response = await ask("from=2025-01-01&to=2026-01-01");
  expect(response.status).toBe(400);
  expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe("from");
  expect(await anomaliesOf("from=2035-01-01&to=2035-01-05")).toMatchObject({ rows: [], watched: 0 });
});
