/** A project changes from tables to rows of days: every answer is the same to the byte, and the tables continue without it. */
import { env } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { localTime } from "../../worker/calendar.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { figures } from "../../worker/projections/figures.ts";
import { isByDays } from "../../worker/projections/figures-progress.ts";
import { get } from "./api.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, settle, storedEvent, TABLES } from "./log.ts";
import { settling, sweeping } from "./retaining.ts";

const MAY = "from=2026-05-01&to=2026-05-31";
const TIMES = "startTime=2026-05-01T00:00:00Z&endTime=2026-06-01T00:00:00Z";
const ADDRESSES = [
  ...[
    "",
    "&group_by=banner_tag",
    "&country=MT&interval=hour",
    "&banner_tag=a&group_by=device",
    "&interval=weekday",
  ].map((more) => `/metrics?${MAY}${more}`),
  ...["visits", "daily_active_users", "revenue"].map((name) => `/metrics/${name}?${TIMES}&granularity=day`),
  `/metrics/events?${TIMES}&granularity=hour&dimension=country`,
  ...["&compare=previous", "&banner_tag=a", "&banner_tag=a&banner_tag=b"].map((more) => `/campaigns?${MAY}${more}`),
  ...["", "&group_by=banner_tag", "&banner_tag=a&banner_tag=b"].map((more) => `/funnel?${MAY}${more}`),
  ...["&group_by=banner_tag", "&banner_tag=b", "&currency=EUR"].map((more) => `/cohorts?${MAY}${more}`),
  ...["", "&group_by=currency", "&app_id=slots", "&currency=EUR"].map((more) => `/revenue?${MAY}${more}`),
  ...["", "&app_id=slots", "&currency=EUR"].map((more) => `/kpis?date=2026-05-03${more}`),
  `/anomalies?${MAY}`,
];

/** Reports about people, for keys of all tags and for keys of one. */
const PLAYERS = [
  ...["", "&from=2026-05-02&to=2026-05-03", "&to=2026-05-01", "&segment=minnow"].map(
    (more) => `/players?sort=player_id${more}`,
  ),
  // Visitors who paid are among them.
  "/ltv?limit=100&currency=EUR",
  ...["p", "q"].flatMap((player) => [`/players/${player}?currency=EUR`, `/players/${player}/stats?`]),
];

const LONGEST_WAIT_MS = 200_000;

/** Tables whose rows are not needed once reports are made from rows of days. */
const STOPPED = [
  ...["returns", "retention", "depositors", "funnel", "activity"],
  ...["daily_metrics", "event_summary", "player_days"],
];

const rowsIn = async (project_id: string) =>
  Object.fromEntries(
    await Promise.all(
      STOPPED.map(async (table) => [
        table,
        await env.DB.prepare(`SELECT count(*) AS rows FROM ${table} WHERE project_id = ?`)
          .bind(project_id)
          .first<number>("rows"),
      ]),
    ),
  );

/** The results of SQL on the views of counts and of players' events. */
const viewsOf = (project_id: string) =>
  Promise.all(
    [
      ...["counts_by_day", "counts_by_day_and_tag"],
      ...["hub_app", "link_user_app", "satellite_spin_info", "player_profiles"],
    ].map(async (view) => {
      const { results } = await env.DB.prepare(`SELECT * FROM ${view} WHERE project_id = ?1`).bind(project_id).all();
      return results.map(({ project_id: _, ...row }) => JSON.stringify(row)).sort();
    }),
  );

async function answersOf(
  project_id: string,
  addresses: readonly string[] = ADDRESSES,
  headers: HeadersInit = ADMIN,
): Promise<Record<string, string>> {
  const answers: Record<string, string> = {};
  for (const address of addresses) {
    const ask = () => get(`${address}&project_id=${project_id}`, headers);
    let response = await ask();
    // The filter for several tags is made by the first request.
    for (const until = Date.now() + LONGEST_WAIT_MS; response.status === 503 && Date.now() < until; ) {
      await response.text();
      await scheduler.wait(100);
      response = await ask();
    }
    const text = await response.text();
    expect(response.status, `${address}: ${text}`).toBe(200);
    answers[address] = text.replaceAll(`"${project_id}"`, '"a project"');
  }
  return answers;
}

/** Of people, with all tags and with one. */
async function playersOf(project_id: string): Promise<Record<string, string>[]> {
  const key = await makeApiKey({ project_id, role: "analyst", banner_tags: ["a"] });
  // It does not see people that other tags brought.
  const seen = PLAYERS.filter((address) => !address.startsWith("/players/q"));
  return [await answersOf(project_id, PLAYERS), await answersOf(project_id, seen, bearer(key))];
}

const EVENTS: (Partial<StoredEvent> & { event_type: string; day: number })[] = [
  { day: 1, event_type: "visit", visitor_id: "v", banner_tag: "a", country: "MT", device: "mobile" },
  { day: 1, event_type: "visit", visitor_id: "w", banner_tag: "b", country: "SE" },
  { day: 2, event_type: "registration", player_id: "p", visitor_id: "v", country: "MT" },
  { day: 3, event_type: "deposit", player_id: "p", amount: 100_000, currency: "USD", app_id: "slots", country: "MT" },
  { day: 3, event_type: "purchase", player_id: "q", banner_tag: "b", amount: 55_000, currency: "EUR", app_id: "dice" },
  { day: 4, event_type: "visit", player_id: "q", device: "mobile" },
  { day: 4, event_type: "spin", player_id: "p", app_id: "dice", banner_tag: "b" },
  { day: 4, event_type: "spin", player_id: "p", app_id: "dice" },
  { day: 2, event_type: "visit", visitor_id: "x", app_id: "lobby" },
  { day: 9, event_type: "withdrawal", player_id: "p", amount: 20_000, currency: "USD", app_id: "slots" },
];
/** Including late events: a link and a tag for a person's past, and a deposit before the first. */
const LATER: typeof EVENTS = [
  { day: 5, event_type: "registration", player_id: "q", visitor_id: "w" },
  { day: 2, event_type: "deposit", player_id: "p", amount: 10_000, currency: "USD", app_id: "slots" },
  { day: 2, event_type: "visit", player_id: "q", banner_tag: "a", country: "MT" },
  { day: 10, event_type: "deposit", player_id: "r", banner_tag: "c", amount: 30_000, currency: "USD" },
  // Visitors: who pays at once, who pays later, who pays once this day is settled, and who never does.
  { day: 6, event_type: "visit", visitor_id: "at-once", banner_tag: "a", country: "MT" },
  { day: 6, event_type: "purchase", visitor_id: "at-once", amount: 70_000, currency: "USD" },
  { day: 6, event_type: "visit", visitor_id: "later", banner_tag: "a", country: "SE" },
  { day: 2, event_type: "visit", visitor_id: "settled", banner_tag: "b" },
  { day: 6, event_type: "visit", visitor_id: "never", banner_tag: "b" },
];

/** For settled days, too; of a visitor who was there on one, and is a player now. */
const LAST: typeof EVENTS = [
  { day: 2, event_type: "spin", player_id: "p", app_id: "dice" },
  { day: 11, event_type: "registration", player_id: "p", visitor_id: "x", app_id: "dice" },
  { day: 12, event_type: "visit", visitor_id: "x", app_id: "slots" },
  { day: 12, event_type: "purchase", visitor_id: "later", amount: 80_000, currency: "EUR" },
  { day: 12, event_type: "deposit", visitor_id: "settled", amount: 90_000, currency: "USD" },
  { day: 13, event_type: "visit", visitor_id: "never" },
];

/** Of LATER's visitors, those who have a row of `players`. */
async function visitorsWithRows(project_id: string): Promise<string[]> {
  const { results } = await env.DB.prepare(
    "SELECT substr(person, 2) AS visitor FROM players WHERE project_id = ? AND player_id IS NULL ORDER BY person",
  )
    .bind(project_id)
    .all<{ visitor: string }>();
  return results.map(({ visitor }) => visitor).filter((visitor) => visitor.length > 1);
}

const send = (project_id: string, events: typeof EVENTS) =>
  append(
    db,
    events.map(({ day, ...event }, n) => {
      const timestamp = Date.UTC(2026, 4, day, 10, n);
      const { date, hour } = localTime("UTC", timestamp);
      return storedEvent({ project_id, timestamp, event_date: date, event_hour: hour, ...event });
    }),
  );

describe("a project", () => {
  it("has the same answers from the tables and then from days, and then the tables continue without it", async () => {
    for (const project_id of ["over", "kept"]) {
      await createProject(project_id);
      await send(project_id, EVENTS);
    }
    // The other project's log had removed days before the figures were added.
    await env.DB.prepare("UPDATE projects SET settled_before = '2020-01-01' WHERE project_id = 'kept'").run();
    await settle(TABLES);
    expect(await isByDays(db, "over")).toBe(false);
    const before = await answersOf("over");
    while (!(await isByDays(db, "over"))) await settle([figures]);
    expect(await isByDays(db, "kept")).toBe(false);
    expect(await viewsOf("over")).toEqual(await viewsOf("kept"));
    const people = await playersOf("kept");
    // A report that still read them would be empty.
    await env.DB.batch(STOPPED.map((table) => env.DB.prepare(`DELETE FROM ${table} WHERE project_id = 'over'`)));
    expect(await answersOf("over")).toEqual(before);
    expect(await playersOf("over")).toEqual(people);

    for (const project_id of ["over", "kept"]) await send(project_id, LATER);
    await settle();
    const after = await answersOf("over");
    expect(after).toEqual(await answersOf("kept"));
    expect(after).not.toEqual(before);
    const counts = await viewsOf("over");
    expect(counts).toEqual(await viewsOf("kept"));
    expect(counts.map(({ length }) => length)).not.toContain(0);
    expect(Object.values(await rowsIn("over"))).toEqual(STOPPED.map(() => 0));
    expect(Object.values(await rowsIn("kept"))).not.toContain(0);
    expect(await playersOf("over")).toEqual(await playersOf("kept"));
    expect(await visitorsWithRows("over")).toEqual(["at-once"]);
    expect(await visitorsWithRows("kept")).toEqual(["at-once", "later", "never", "settled"]);
  });

  it("has what people did on days that were removed from its log, and the late events of these days", async () => {
    const later = await playersOf("over");
    await env.DB.prepare(
      `UPDATE projects SET retention = '{"events_days":70}' WHERE project_id IN ('over', 'kept')`,
    ).run();
    const moment = Date.UTC(2026, 4, 5 + 70);
    expect(await settling(moment)).toBe("done");
    await sweeping(moment);
    const left = await env.DB.prepare("SELECT min(event_date) AS first FROM events WHERE project_id = 'over'").first();
    expect(left).toEqual({ first: "2026-05-05" });
    expect(await rowsIn("over")).toMatchObject({ player_days: 0 });
    expect(await playersOf("over")).toEqual(later);
    expect((await viewsOf("over")).slice(2)).toEqual((await viewsOf("kept")).slice(2));

    for (const project_id of ["over", "kept"]) await send(project_id, LAST);
    await settle();
    const last = await playersOf("over");
    expect(last).toEqual(await playersOf("kept"));
    expect(last).not.toEqual(later);
    expect(await visitorsWithRows("over")).toEqual(["at-once", "later", "settled"]);
    expect((await viewsOf("over")).slice(2)).toEqual((await viewsOf("kept")).slice(2));
  });
});
