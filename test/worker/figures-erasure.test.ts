/** Erasing a person from the rows that figures are counted from: no figure changes, and counting continues as from the log. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { begin } from "../../worker/erasure/erase.ts";
import { advance as advanceErasure } from "../../worker/erasure/job.ts";
import { STEPS } from "../../worker/erasure/steps.ts";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { SIZES } from "../../worker/figures/chunks.ts";
import type { SliceSize } from "../../worker/figures/filling.ts";
import type { Layout } from "../../worker/figures/run.ts";
import { filterText } from "../../worker/figures/scope-filter.ts";
import { PAGE_SIZES } from "../../worker/figures/visitor-pages.ts";
import { figuresBy } from "../../worker/projections/figures.ts";
import { advance, lostRace, rebuild } from "../../worker/projections/runner.ts";
import { askScope, fillSome, keepScopes } from "../../worker/projections/scopes.ts";
import { databaseOf, transact } from "../../worker/store/database.ts";
import { databaseWith } from "./database.ts";
import { aHistory, type Clock, eventsOf, FROM, WINDOW } from "./figures-histories.ts";
import { readDays, readPeople } from "./figures-read.ts";
import { unwoken } from "./gate.ts";
import { histories } from "./histories.ts";
import { createProject, db, settle, storedEvent, TABLES } from "./log.ts";

/** Small, so that an erasure comes while the past of some people is counted under a filter and that of others is not. */
const SLICE: SliceSize = { rows: 2, pages: 1, chunks: 2 };

const count = async (layout: Layout, limit?: number) => {
  while ((await advance(env, db, figuresBy(layout), Date.now(), limit)).behind > 0);
};

/** `meanwhile` runs after each step: projections may run after some of them. */
async function erase(project_id: string, player_id: string, meanwhile?: () => Promise<void>): Promise<void> {
  const id = await begin(db, { project_id, player_id, suppress: false }, Date.now(), async (_, statements) => {
    await transact(db, statements);
  });
  for (;;) {
    await env.DB.prepare("UPDATE erasures SET due_at = 0 WHERE id = ?").bind(id).run();
    if (!(await advanceErasure(unwoken, db, STEPS, id, Date.now()))) return;
    await meanwhile?.();
  }
}

const PEOPLE = ["people", "people_past", "visitor_pages"] as const;
/** Every row of people, as text. */
async function rowsOf(project_id: string): Promise<string> {
  const tables = await env.DB.batch(
    PEOPLE.map((table) => env.DB.prepare(`SELECT * FROM ${table} WHERE project_id = ?`).bind(project_id)),
  );
  return JSON.stringify(tables.map(({ results }) => results));
}

/** Names in random histories are too short to be found in other text: each is replaced by a longer one. */
const LONG: Record<string, string> = { p1: "player-alice", p2: "player-bobby", v1: "browser-one", v2: "browser-two" };
const longer = (name: string | null) => (name === null ? null : (LONG[name] ?? name));

/** What people did and paid, without their names. */
const nameless = (people: Record<string, unknown>) =>
  Object.values(people)
    .map((one) => JSON.stringify({ ...(one as object), player_id: null }))
    .sort();

describe("an erasure of the figures' rows", () => {
  it("changes no figure and leaves no name, and later events are counted as a rebuild counts them", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        aHistory,
        fc.constantFrom("p1", "p2"),
        fc.boolean(),
        async (before, after, who, isRead) => {
          const clock: Clock = { project_id: `erased-figures-${++run}`, timezone: "UTC" };
          const { project_id } = clock;
          const { layout } = before;
          await createProject(project_id, { attribution_days: WINDOW });
          const happen = async ({ actions }: typeof before) => {
            for (const action of actions) {
              const events = eventsOf(action, [clock, clock]).map(({ player_id, visitor_id, event_id, ...event }) => ({
                ...event,
                event_id: event_id === "e7" ? "by player-alice in browser-one" : event_id,
                player_id: longer(player_id),
                visitor_id: longer(visitor_id),
              }));
              if (action.ask !== null) await askScope(db, project_id, filterText(action.ask[1]), FROM, null);
              await append(db, events);
              for (let n = 0; n < action.fill; n++) await fillSome(db, project_id, SLICE, layout.leastAdded);
              if (action.run !== null) await advance(env, db, figuresBy(layout), Date.now(), action.run);
            }
          };
          await happen(before);
          await settle(TABLES);
          if (isRead) {
            await count(layout);
            const days = await readDays(project_id);
            const people = nameless(await readPeople(project_id));
            await erase(project_id, longer(who) ?? "");
            expect(await readDays(project_id)).toEqual(days);
            expect(nameless(await readPeople(project_id))).toEqual(people);
          } else {
            // The projections read the remaining events as soon as the erasure permits.
            await erase(project_id, longer(who) ?? "", () => count(layout));
          }
          // Visitors that are not linked to the person are not theirs.
          expect(await rowsOf(project_id)).not.toContain(longer(who));
          await happen(after);
          await count(layout);
          expect(await keepScopes(unwoken, db, FROM)).toBe(true);
          const [counted, known] = [await readDays(project_id), await readPeople(project_id)];
          await rebuild(env, db, [figuresBy(layout)], "figures");
          expect(await readDays(project_id)).toEqual({});
          await count(layout);
          expect(await readDays(project_id)).toEqual(counted);
          expect(await readPeople(project_id)).toEqual(known);
        },
      ),
      histories(5),
    );
  }, 3_600_000);

  it("fails a step that began before people were renamed, and the next one counts with their new names", async () => {
    const project_id = "renamed-meanwhile";
    await createProject(project_id);
    const layout: Layout = { chunks: SIZES, pages: PAGE_SIZES, leastAdded: 0 };
    const spin = (n: number) =>
      storedEvent({ project_id, event_type: "spin", player_id: "alice-77", timestamp: FROM + n * 60_000 });
    await append(db, [spin(0)]);
    await settle(TABLES);
    await count(layout);
    await append(db, [spin(1), spin(2)]);
    await settle(TABLES);
    let isErased = false;
    const DB = databaseWith(async () => {
      isErased = true;
      await erase(project_id, "alice-77");
    });
    const failed = await advance(env, databaseOf({ DB }), figuresBy(layout), Date.now()).catch((error) => error);
    expect([isErased, lostRace(failed)]).toEqual([true, true]);
    await count(layout);
    const people = (await readPeople(project_id)) as Record<string, { total_events: number }>;
    expect(Object.entries(people)).toEqual([
      [expect.stringMatching(/^erased-/), expect.objectContaining({ total_events: 3 })],
    ]);
  });

  it("of a visitor in a page, with events not read yet, keeps those that were counted", async () => {
    const project_id = "paged-and-behind";
    await createProject(project_id);
    const layout: Layout = { chunks: SIZES, pages: PAGE_SIZES, leastAdded: 0 };
    const spin = (n: number, event: Partial<StoredEvent>) =>
      storedEvent({ project_id, event_type: "spin", timestamp: FROM + n * 60_000, ...event });
    await append(
      db,
      ["a", "b", "c", "d", "e"].map((name, n) => spin(n, { visitor_id: `browser-a${name}` })),
    );
    await count(layout);
    expect(await rowsOf(project_id)).toContain("browser-aa");
    // A test event links a browser to a person for the erasure, and not for figures.
    await append(db, [spin(6, { player_id: "alice-77", visitor_id: "browser-aa", test: 1 })]);
    await append(db, [spin(7, { visitor_id: "browser-aa" }), spin(8, { visitor_id: "browser-ab" })]);
    await settle(TABLES);
    await erase(project_id, "alice-77", () => count(layout));
    const people = (await readPeople(project_id)) as Record<string, { total_events: number }>;
    const [erased, ...others] = Object.entries(people).filter(([name]) => name.startsWith("\u001ferased-"));
    expect([erased?.[1].total_events, others]).toEqual([2, []]);
    expect(people["\u001fbrowser-ab"]).toMatchObject({ total_events: 2 });
  });

  it("finds names in pages, in chunks, in links and in the events of others", async () => {
    const project_id = "erased-everywhere";
    await createProject(project_id);
    const layout: Layout = { chunks: { open: 2, closed: 2 }, pages: { visitors: 4, worth: 1 }, leastAdded: 0 };
    let minutes = 0;
    const event = (event_id: string, player_id: string | null, visitor_id: string | null, event_type = "visit") =>
      storedEvent({ project_id, event_type, event_id, player_id, visitor_id, timestamp: FROM + minutes++ * 60_000 });
    const strangers = Array.from({ length: 12 }, (_, n) =>
      event(`s${n}`, null, `browser-${String.fromCharCode(97 + n)}`),
    );
    await append(db, [
      // The first of a page, whose id the page is named by.
      event("opens", null, "browser-0"),
      ...strangers,
      event("seen-by-alice-77", null, "browser-aa"),
      event("first", null, "browser-alone"),
      ...Array.from({ length: 9 }, (_, n) => event(`of alice-77 ${n}`, "alice-77", n === 3 ? "browser-aa" : null)),
      event("shared before", null, "browser-shared"),
      event("shared", "bob-5", "browser-shared", "registration"),
      event("also", "alice-77", "browser-shared"),
      event("shared after", null, "browser-shared"),
      ...Array.from({ length: 5 }, (_, n) => event(`alice-77 told ${n}`, "bob-5", null)),
      event("alone by alice-77", "alice-77", "browser-alone"),
      event("opener", "alice-77", "browser-0"),
    ]);
    await settle(TABLES);
    await count(layout, 7);
    const days = await readDays(project_id);
    const before = await rowsOf(project_id);
    const names = ["alice-77", "browser-0", "browser-aa", "browser-alone", "browser-shared"];
    for (const name of names) expect(before).toContain(name);
    const rows = async () =>
      (await env.DB.prepare(
        `SELECT (SELECT count(*) FROM visitor_pages WHERE project_id = ?1) AS pages,
             (SELECT count(*) FROM people_past WHERE project_id = ?1) AS chunks`,
      )
        .bind(project_id)
        .first<{ pages: number; chunks: number }>()) ?? { pages: 0, chunks: 0 };
    expect((await rows()).pages).toBeGreaterThan(1);
    expect((await rows()).chunks).toBeGreaterThan(3);
    await erase(project_id, "alice-77");
    const after = await rowsOf(project_id);
    for (const name of names) expect(after).not.toContain(name);
    expect(after).toContain("bob-5");
    expect(await readDays(project_id)).toEqual(days);
    // A later event with the old names is of a new person.
    await append(db, [event("again", null, "browser-aa"), event("b again", null, "browser-b")]);
    await count(layout);
    const people = (await readPeople(project_id)) as Record<string, { total_events: number }>;
    expect(people["\u001fbrowser-aa"]).toMatchObject({ total_events: 1 });
    expect(people["\u001fbrowser-b"]).toMatchObject({ total_events: 2 });
    expect(people["bob-5"]).toMatchObject({ total_events: 8 });
    expect(Object.keys(people).length).toBe(12 + 3);
  });
});
