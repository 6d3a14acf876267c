/** Days in a project's time zone: midnights that do not exist or occur twice, and counts per day. */
import { sql } from "drizzle-orm";
import { describe, expect, it, vi } from "vitest";
import { answerOf, read } from "./api.ts";
import { createProject, db, settle } from "./log.ts";

let projects = 0;

type Event = Record<string, string>;
/** A project of this zone that has imported these events. */
async function projectWith(timezone: string, events: Event[]): Promise<string> {
  const project_id = `days-${++projects}`;
  await createProject(project_id, { timezone, currency: "EUR" });
  await answerOf("POST", `/import?project_id=${project_id}`, events);
  // Through the queue.
  const stored = () => db.get<{ n: number }>(sql`SELECT count(*) AS n FROM events WHERE project_id = ${project_id}`);
  await vi.waitFor(async () => expect((await stored()).n).toBe(events.length), { timeout: 200_000, interval: 50 });
  await settle();
  return project_id;
}
const answerTo = <Answer>(path: string, project_id: string, asked: Record<string, string>) =>
  read<Answer>(`/${path}?${new URLSearchParams({ project_id, ...asked })}`);
const visits = (...times: string[]) =>
  times.map((timestamp, n) => ({
    event_id: `v-${n}`,
    event_type: "visit",
    visitor_id: `v${n}`,
    banner_tag: "t",
    timestamp,
  }));

type Metrics = { rows: { event_date: string; total: number }[] };
type Series = { points: { time: string; value: number }[] };

describe("a day whose midnight does not exist or occurs twice", () => {
  it("in Santiago has its visits, and its hours", async () => {
    const project = await projectWith(
      "America/Santiago",
      visits(
        "2026-04-05T02:30:00Z",
        "2026-04-05T03:30:00Z",
        "2026-04-05T03:59:59Z",
        "2026-04-05T04:00:00Z",
        "2026-09-06T03:59:59Z",
        "2026-09-06T04:00:00Z",
        "2026-09-06T04:30:00Z",
      ),
    );
    const { rows } = await answerTo<Metrics>("metrics", project, { from: "2026-04-04", to: "2026-09-06" });
    expect(rows.map(({ event_date, total }) => [event_date, total]).sort()).toEqual([
      ["2026-04-04", 3],
      ["2026-04-05", 1],
      ["2026-09-05", 1],
      ["2026-09-06", 2],
    ]);
    const hours = async (startTime: string, endTime: string) =>
      (await answerTo<Series>("metrics/visits", project, { startTime, endTime, granularity: "hour" })).points;
    // 25 hours as 24 points: the last one, 23:00, occurs twice.
    const long = await hours("2026-04-04T03:00:00Z", "2026-04-05T04:00:00Z");
    expect([long.length, long.at(-1)]).toEqual([
      24,
      expect.objectContaining({ time: "2026-04-05T02:00:00.000Z", value: 3 }),
    ]);
    // 23 hours, from 01:00 on.
    const short = await hours("2026-09-06T04:00:00Z", "2026-09-07T03:00:00Z");
    expect([short.length, short[0]]).toEqual([
      23,
      expect.objectContaining({ time: "2026-09-06T04:00:00.000Z", value: 2 }),
    ]);
  });

  it.each([
    ["Africa/Cairo", "2026-04-24", "2026-04-23T21:59:59Z", "2026-04-23T22:00:00Z"],
    ["Asia/Beirut", "2026-03-29", "2026-03-28T21:59:59Z", "2026-03-28T22:00:00Z"],
  ])("in %s on %s begins at 01:00", async (timezone, day, before, first) => {
    const project = await projectWith(timezone, visits(before, first));
    const { rows } = await answerTo<Metrics>("metrics", project, { from: day, to: day });
    expect(rows).toEqual([expect.objectContaining({ event_date: day, total: 1 })]);
    const { points } = await answerTo<Series>("metrics/visits", project, {
      startTime: first,
      endTime: new Date(Date.parse(first) + 23 * 3_600_000).toISOString(),
      granularity: "hour",
    });
    expect(points.length).toBe(23);
  });
});

it("a funnel counts steps of the same second, in whatever order they are in the file", async () => {
  const timestamp = "2026-05-01T10:00:00Z";
  const project = await projectWith("UTC", [
    { event_type: "registration", visitor_id: "fs1", player_id: "p1", banner_tag: "fs", timestamp },
    { event_type: "visit", visitor_id: "fs1", banner_tag: "fs", timestamp },
    { event_type: "deposit", player_id: "p1", banner_tag: "fs", amount: "5.00", currency: "EUR", timestamp },
  ]);
  const days = { from: "2026-05-01", to: "2026-05-01" };
  const { steps } = await answerTo<{ steps: { players: number }[] }>("funnel", project, days);
  expect(steps.map(({ players }) => players)).toEqual([1, 1, 1, 0]);
});

it("day 1 of a cohort is the next day of the project's calendar, also two minutes later", async () => {
  const project = await projectWith("UTC", [
    { event_type: "install", player_id: "late", timestamp: "2026-05-01T23:59:00Z" },
    { event_type: "spin", player_id: "late", timestamp: "2026-05-02T00:01:00Z" },
    { event_type: "install", player_id: "early", timestamp: "2026-05-01T10:00:00Z" },
    { event_type: "spin", player_id: "early", timestamp: "2026-05-02T20:00:00Z" },
  ]);
  const { rows } = await answerTo<{ rows: Record<string, unknown>[] }>("cohorts", project, {
    from: "2026-05-01",
    to: "2026-05-01",
    interval: "day",
  });
  expect(JSON.stringify(rows)).toContain('"day":1,"people":2,"active":2');
});

it("a registration that is sent on two days counts on both in a campaign, and as one player in the funnel", async () => {
  const again = ["2026-05-01T10:00:00Z", "2026-05-02T10:00:00Z"].map((timestamp) => ({
    event_type: "registration",
    player_id: "p1",
    banner_tag: "b",
    timestamp,
  }));
  const project = await projectWith("UTC", [
    { event_type: "visit", player_id: "p1", banner_tag: "b", timestamp: "2026-05-01T09:00:00Z" },
    ...again,
  ]);
  const days = { from: "2026-05-01", to: "2026-05-02" };
  const campaigns = await answerTo<{ rows: { registrations: number }[] }>("campaigns", project, days);
  expect(campaigns.rows.map(({ registrations }) => registrations)).toEqual([2]);
  const { steps } = await answerTo<{ steps: { players: number }[] }>("funnel", project, days);
  expect(steps.map(({ players }) => players)).toEqual([1, 1, 0, 0]);
});
