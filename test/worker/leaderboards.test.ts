import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { identities } from "../../worker/projections/identities.ts";
import { type BoardPeriod, leaderboards } from "../../worker/projections/leaderboards.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import {
  type Board,
  type LeaderboardEntry,
  places,
  playersBefore,
  playersOn,
  skippedAround,
} from "../../worker/reports/leaderboard.ts";
import { get, read } from "./api.ts";
import { histories } from "./histories.ts";
import { createProject, db, deliver, settle, step, storedEvent } from "./log.ts";
import { kept } from "./oracle.ts";

const DAY = 86_400_000;
// A Saturday, the day before daylight saving time ends in New York: slots reach into the next week.
const FROM = Date.parse("2026-10-31T00:00:00Z");
const TIMEZONE = "America/New_York";
const OWN = [identities, leaderboards];
const LARGEST = Number.MAX_SAFE_INTEGER;

/** Few people, moments and scores, so that scores tie, visitors turn out to be players, and ids are repeated. */
const anEvent = fc.record({
  event_id: fc.integer({ min: 1, max: 60 }).map((n) => `e${n}`),
  event_type: fc.constantFrom("player_score", "player_score", "quest_completed", "boss_defeated", "spin"),
  who: fc.constantFrom<[string | null, string | null][]>(
    ["p1", null],
    ["p2", null],
    ["p3", null],
    ["p1", "v1"],
    ["p2", "v1"],
    ["p4", "v2"],
    [null, "v1"],
    [null, "v2"],
    [null, "v3"],
  ),
  app_id: fc.constantFrom("slots", "slots", "dice", null),
  timestamp: fc.integer({ min: 0, max: 16 }).map((slot) => FROM + slot * (DAY / 4)),
  score: fc.constantFrom(null, 0, 0, 1, 2, 3, -1, -2, 1_000_000, -1_000_001, LARGEST, -LARGEST),
  data: fc.constantFrom(
    null,
    '{"score":2}',
    '{"score":-3}',
    '{"score":"4"}',
    '{"score":1.5}',
    '{"score":1e21}',
    '{"score":5.0}',
    '{"score":-2e0}',
    '{"a":{"score":9}}',
  ),
  banner_tag: fc.constantFrom(null, "a", "b"),
  test: fc.constantFrom<(0 | 1)[]>(0, 0, 0, 0, 1),
  bot: fc.constantFrom(null, null, null, null, "crawler"),
  transaction_id: fc.constantFrom(null, null, null, "t1"),
  trusted: fc.constantFrom<(0 | 1)[]>(0, 0, 1),
});

const anAction = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      deliver: fc.array(fc.array(anEvent, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 3 }),
      again: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ project: fc.nat(1), limit: fc.integer({ min: 1, max: 7 }) }) },
);

const monday = (date: string) => {
  const at = new Date(`${date}T00:00:00Z`);
  return new Date(at.getTime() - ((at.getUTCDay() + 6) % 7) * DAY).toISOString().slice(0, 10);
};

/** Every board as SPEC defines it, from a sorted array; it shares no code with the projection. */
function boardsOf(sent: StoredEvent[]): Map<string, LeaderboardEntry[]> {
  const order = (event: StoredEvent) => `${String(event.timestamp).padStart(15, "0")} ${event.event_id}`;
  const rank = (event: StoredEvent) => `${order(event)} ${1 - event.trusted}`;
  const real = kept(sent)
    .filter(({ event }) => event.test === 0 && event.bot === null)
    .sort((a, b) => (rank(a.event) < rank(b.event) ? -1 : 1));
  const counted = real.filter(({ duplicate }) => !duplicate).map(({ event }) => event);
  const playerOf = new Map<string, string>();
  for (const { player_id, visitor_id } of real.map(({ event }) => event)) {
    if (player_id !== null && visitor_id !== null && !playerOf.has(visitor_id)) playerOf.set(visitor_id, player_id);
  }
  const boards = new Map<string, Map<string, { score: bigint; reached: string }>>();
  for (const event of counted) {
    const player_id = event.player_id ?? playerOf.get(event.visitor_id as string);
    const inData: unknown = event.data === null ? null : JSON.parse(event.data).score;
    const score = event.score ?? (Number.isSafeInteger(inData) ? (inData as number) : null);
    const scoring = ["player_score", "quest_completed", "achievement_unlocked", "boss_defeated"];
    if (player_id === undefined || event.app_id === null || score === null || !scoring.includes(event.event_type))
      continue;
    const starts = { daily: event.event_date, weekly: monday(event.event_date), alltime: "" };
    for (const [period, starts_on] of Object.entries(starts)) {
      const name = JSON.stringify([event.app_id, period, starts_on]);
      const board = boards.get(name) ?? new Map();
      boards.set(name, board);
      const own = board.get(player_id) ?? { score: 0n, reached: "" };
      board.set(player_id, { score: own.score + BigInt(score), reached: score === 0 ? own.reached : order(event) });
    }
  }
  const ranked = (board: Map<string, { score: bigint; reached: string }>) =>
    [...board]
      .sort(([a, x], [b, y]) => {
        if (x.score !== y.score) return x.score > y.score ? -1 : 1;
        if (x.reached !== y.reached) return x.reached < y.reached ? -1 : 1;
        return a < b ? -1 : 1;
      })
      .map(([player_id, { score }], index) => ({ rank: index + 1, player_id, score: Number(score) }));
  return new Map([...boards].map(([name, board]) => [name, ranked(board)]));
}

/** Every board from the tables. */
async function boardsIn(project_id: string): Promise<Map<string, LeaderboardEntry[]>> {
  const { results } = await env.DB.prepare(
    "SELECT DISTINCT app_id, period, starts_on FROM leaderboards WHERE project_id = ?",
  )
    .bind(project_id)
    .all<Omit<Board, "project_id">>();
  return new Map(
    await Promise.all(
      results.map(
        async (board) =>
          [
            JSON.stringify([board.app_id, board.period, board.starts_on]),
            await places(db, { project_id, ...board }, 0, 1_000),
          ] as const,
      ),
    ),
  );
}

describe("leaderboards", () => {
  it("equal a sorted array after any batches, orders, redeliveries, late links and interleaved runs, and after a rebuild", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(anAction, { minLength: 1, maxLength: 14 }), async (actions) => {
        const project_id = `boards-${++run}`;
        await createProject(project_id, { timezone: TIMEZONE });
        const sent: StoredEvent[] = [];
        for (const action of actions) {
          if ("project" in action) {
            await step(OWN[action.project] as (typeof OWN)[number], action.limit);
            continue;
          }
          const messages = action.deliver.map((events) => ({
            events: events.map(({ who: [player_id, visitor_id], ...event }) =>
              storedEvent({ ...event, project_id, player_id, visitor_id }, TIMEZONE),
            ),
          }));
          await deliver(messages);
          if (action.again) await deliver(messages.toReversed());
          sent.push(...messages.flatMap((message) => message.events));
        }
        await settle(OWN);
        const expected = boardsOf(sent);
        expect(await boardsIn(project_id)).toEqual(expected);

        for (const [name, entries] of expected) {
          const [app_id, period, starts_on] = JSON.parse(name) as [string, BoardPeriod, string];
          const board = { project_id, app_id, period, starts_on };
          expect(await playersOn(db, board)).toBe(entries.length);
          expect(await places(db, board, 0, 2)).toEqual(entries.slice(0, 2));
          for (const { player_id, rank } of entries) {
            const before = (await playersBefore(db, board, player_id)) as number;
            expect(before).toBe(rank - 1);
            const around = await places(db, board, skippedAround(before, entries.length, 3), 3);
            expect(around).toHaveLength(Math.min(3, entries.length));
            expect(around).toContainEqual(entries[rank - 1]);
            expect(around).toEqual(entries.slice(Number(around[0]?.rank) - 1).slice(0, 3));
          }
          expect(await playersBefore(db, board, "nobody")).toBeNull();
        }
      }),
      histories(40),
    );

    const projects = Array.from({ length: run }, (_, index) => `boards-${index + 1}`);
    const before = await Promise.all(projects.map(boardsIn));
    await rebuild(env, db, OWN, "identities");
    expect(await boardsIn("boards-1")).toEqual(new Map());
    await settle(OWN);
    expect(await Promise.all(projects.map(boardsIn))).toEqual(before);
  });

  it("hold sums larger than 63 bits", async () => {
    await createProject("abyss");
    const events = Array.from({ length: 2_400 }, (_, index) =>
      storedEvent({
        project_id: "abyss",
        event_type: "player_score",
        player_id: index % 2 ? "low" : "high",
        app_id: "slots",
        score: index % 2 ? -LARGEST : LARGEST,
      }),
    );
    await deliver([{ events }]);
    await settle(OWN);
    const board: Board = { project_id: "abyss", app_id: "slots", period: "alltime", starts_on: "" };
    expect(await places(db, board, 0, 10)).toEqual([
      { rank: 1, player_id: "high", score: 1_200 * LARGEST },
      { rank: 2, player_id: "low", score: -1_200 * LARGEST },
    ]);
  });
});

describe("/games/:app_id/leaderboard", () => {
  const PATH = "/games/slots/leaderboard?project_id=arcade";
  const entry = (rank: number, player_id: string, score: number) => ({ rank, player_id, score });

  it("answers by period, by date and around a player, and refuses what is wrong", async () => {
    // Auckland: Monday the 4th begins at noon on Sunday the 3rd in UTC.
    await createProject("arcade", { timezone: "Pacific/Auckland" });
    const score = (player_id: string, time: string, points: number, more = {}) =>
      storedEvent(
        {
          project_id: "arcade",
          event_type: "player_score",
          app_id: "slots",
          player_id,
          score: points,
          timestamp: Date.parse(time),
          ...more,
        },
        "Pacific/Auckland",
      );
    await deliver([
      {
        events: [
          score("ann", "2026-05-03T11:59:59Z", 10),
          score("ann", "2026-05-03T12:00:00Z", 5),
          score("bob", "2026-05-03T12:00:01Z", 5),
          score("cat", "2026-05-04T12:00:00Z", 7, { event_type: "boss_defeated", score: null, data: '{"score":7}' }),
          score("cat", "2026-05-04T12:00:00Z", 90, { event_type: "level_up" }),
          score("dan", "2026-05-04T12:00:00Z", 1, { player_id: null, visitor_id: "v" }),
          score("dan", "2026-05-04T12:00:00Z", 50, { app_id: "dice" }),
        ],
      },
    ]);
    await settle();
    const board = { project_id: "arcade", app_id: "slots" };
    expect(await read(`${PATH}&date=2026-05-04`)).toEqual({
      ...board,
      period: "daily",
      from: "2026-05-04",
      to: "2026-05-04",
      players: 2,
      entries: [entry(1, "ann", 5), entry(2, "bob", 5)],
    });
    expect(await read(`${PATH}&period=weekly&date=2026-05-10`)).toEqual({
      ...board,
      period: "weekly",
      from: "2026-05-04",
      to: "2026-05-10",
      players: 3,
      entries: [entry(1, "cat", 7), entry(2, "ann", 5), entry(3, "bob", 5)],
    });
    expect(await read(`${PATH}&period=weekly&date=2026-05-03`)).toMatchObject({
      from: "2026-04-27",
      entries: [entry(1, "ann", 10)],
    });
    expect(await read(`${PATH}&period=alltime&limit=1`)).toEqual({
      ...board,
      period: "alltime",
      from: null,
      to: null,
      players: 3,
      entries: [entry(1, "ann", 15)],
    });
    expect(await read(`${PATH}&period=alltime&around=bob&limit=2`)).toMatchObject({
      entries: [entry(2, "cat", 7), entry(3, "bob", 5)],
    });
    expect(await read(`${PATH}&`)).toMatchObject({ entries: [], players: 0 });
    expect(await (await get(`${PATH}&period=alltime&format=csv`)).text()).toBe(
      "rank,player_id,score\r\n1,ann,15\r\n2,cat,7\r\n3,bob,5\r\n",
    );
    expect((await get(`${PATH}&period=alltime&around=dan`)).status).toBe(404);
    for (const wrong of ["period=monthly", "date=2026-02-30", "limit=0", "limit=1001", "limit=x", "around="]) {
      const response = await get(`${PATH}&${wrong}`);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ field: wrong.split("=")[0] }] });
    }
    expect(await (await get(`${PATH}&period=alltime&date=2026-05-04`)).json()).toMatchObject({
      errors: [{ field: "date" }],
    });
  });
});
