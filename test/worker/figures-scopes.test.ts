/** Figures under requested filters, whose past is counted in pieces while events arrive, against the oracle. */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { SIZES } from "../../worker/figures/chunks.ts";
import type { SliceSize } from "../../worker/figures/filling.ts";
import type { Layout } from "../../worker/figures/run.ts";
import { filterText, type ScopeFilter } from "../../worker/figures/scope-filter.ts";
import { ANY_TAG, scopeName } from "../../worker/figures/scopes.ts";
import { PAGE_SIZES } from "../../worker/figures/visitor-pages.ts";
import { figuresBy } from "../../worker/projections/figures.ts";
import { recountSome as recountOnce } from "../../worker/projections/recount.ts";
import { advance, lostRace, rebuild } from "../../worker/projections/runner.ts";
import {
  askScope,
  fillSome,
  keepScopes,
  MOST_OF_A_READER,
  MOST_SCOPES,
  scopesOf,
} from "../../worker/projections/scopes.ts";
import { type Database, databaseOf } from "../../worker/store/database.ts";
import { databaseWith } from "./database.ts";
import { makeTables } from "./figures.ts";
import { comparable } from "./figures-compare.ts";
import { aHistory, type Clock, DAY, eventsOf, FROM, WINDOW } from "./figures-histories.ts";
import { daysOf, filteredDays } from "./figures-oracle.ts";
import { readDays, type Sheet } from "./figures-read.ts";
import { histories } from "./histories.ts";
import { makeApiKey } from "./keys.ts";
import { changeWindow, createProject, db, recountSome, storedEvent } from "./log.ts";

beforeAll(makeTables);

const NOW = FROM;
const LAYOUT: Layout = { chunks: SIZES, pages: PAGE_SIZES, leastAdded: 0 };
const step = async (layout: Layout, limit?: number) =>
  (await advance(env, db, figuresBy(layout), Date.now(), limit)).behind;
const settle = async (layout: Layout = LAYOUT) => {
  while ((await step(layout)) > 0);
};
const aSlice: fc.Arbitrary<SliceSize> = fc.record({
  rows: fc.constantFrom(2, 3, 50),
  pages: fc.constantFrom(1, 2, 10),
  chunks: fc.constantFrom(1, 2, 100),
});

/** The oracle's figures of a project, also under each stored filter. */
async function expected(project_id: string, sent: StoredEvent[], window: number): Promise<Sheet> {
  const filters = await scopesOf(db, project_id);
  return Object.assign(
    comparable(daysOf(sent, window)),
    ...filters.map(({ number, filter }) => comparable(filteredDays(sent, window, JSON.parse(filter), number))),
  );
}

const isFiltered = (name: string): boolean => {
  const scope: string = JSON.parse(name)[1];
  return scope.startsWith("\u001f") && scope !== ANY_TAG;
};

const MT: ScopeFilter = { country: ["MT"] };
const counts = async (project_id: string, filter: ScopeFilter, tag: string | null, event_type = "spin") => {
  const all = await scopesOf(db, project_id);
  const found = all.find((scope) => scope.filter === filterText(filter));
  const name = JSON.stringify(["counts", scopeName(found?.number ?? 0, tag), "2026-10-30", event_type]);
  return (await readDays(project_id))[name];
};
const spin = (project_id: string, n: number, country = n % 2 === 0 ? "MT" : "SE") =>
  storedEvent({ project_id, event_type: "spin", player_id: `p${n % 10}`, country, timestamp: FROM + n * 60_000 });

let cells = 0;

describe("figures under a filter", () => {
  it("equal a naive count, whenever the filter was added, while its past is counted between runs and changes", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(aHistory, aSlice, async ({ actions, layout }, size) => {
        run++;
        const projects: Clock[] = [
          { project_id: `scopes-${run}-one`, timezone: "America/New_York" },
          { project_id: `scopes-${run}-two`, timezone: "UTC" },
        ];
        for (const { project_id, timezone } of projects)
          await createProject(project_id, { timezone, attribution_days: WINDOW });
        const sent: StoredEvent[] = [];
        let window = WINDOW;
        const fill = async (slices: number) => {
          for (const { project_id } of projects)
            for (let n = 0; n < slices && (await fillSome(db, project_id, size, layout.leastAdded)); n++);
        };
        for (const action of actions) {
          const events = eventsOf(action, projects);
          if (action.window !== null) {
            window = action.window;
            for (const { project_id } of projects) await changeWindow(project_id, window);
          }
          if (action.ask !== null) {
            const [project, filter] = action.ask;
            await askScope(db, projects[project]?.project_id ?? "", filterText(filter), NOW, null);
          }
          if (action.lay) await recountSome(2, layout);
          await append(db, events);
          if (action.again) await append(db, events.toReversed());
          sent.push(...events);
          await fill(action.fill);
          if (action.run !== null) await step(layout, action.run);
        }
        await settle(layout);
        while (await recountSome(2, layout));
        await fill(Number.POSITIVE_INFINITY);
        for (const { project_id } of projects) {
          const own = sent.filter((event) => event.project_id === project_id);
          const sheet = await expected(project_id, own, window);
          expect(comparable(await readDays(project_id))).toEqual(sheet);
          cells += Object.keys(sheet).filter(isFiltered).length;
        }
      }),
      histories(12),
    );
    console.log(JSON.stringify({ message: "figures under filters compared", cells }));
    expect(cells).toBeGreaterThan(1_000);
  }, 3_600_000);

  const justBefore = (happens: () => Promise<unknown>) => databaseOf({ DB: databaseWith(happens) });
  const SMALL: SliceSize = { rows: 4, pages: 1, chunks: 10 };
  /** Operations that change figures, each computed from the same people. */
  const CHANGES = {
    run: (on: Database) => advance(env, on, figuresBy(LAYOUT), Date.now(), 3),
    piece: (on: Database, project_id: string) => fillSome(on, project_id, SMALL),
    window: (on: Database) => recountOnce({ ...env, DB: on.$client }, on, Date.now(), 100),
    dropped: async (on: Database, project_id: string) => {
      await keepScopes({ ...env, DB: on.$client }, on, NOW + 40 * DAY);
      await askScope(on, project_id, filterText(MT), NOW, null);
    },
  };
  const pairs = (["run", "piece", "window"] as const).flatMap((one) =>
    (["run", "piece", "window", "dropped"] as const).map((other) => [one, other] as const),
  );
  it.each(pairs)(
    "are counted once when a %s was prepared first and is written after another: %s",
    async (one, other) => {
      const project_id = `scopes-${one}-${other}`;
      await createProject(project_id, { attribution_days: 30 });
      const spins = (from: number) => Array.from({ length: 20 }, (_, n) => spin(project_id, from + n));
      await append(db, spins(0));
      await settle();
      await askScope(db, project_id, filterText(MT), NOW, null);
      await fillSome(db, project_id, SMALL);
      await append(db, spins(20));
      await changeWindow(project_id, 2);
      const failed = await CHANGES[one](
        justBefore(() => CHANGES[other](db, project_id)),
        project_id,
      ).catch((error) => error);
      expect(lostRace(failed)).toBe(true);
      await settle();
      while (await recountSome(100));
      while (await fillSome(db, project_id, SMALL));
      expect(await counts(project_id, MT, null)).toEqual([5, 20]);
      expect(await counts(project_id, MT, "")).toEqual([5, 20]);
    },
  );

  it("begin with new events if nobody has been counted yet, and are complete at once after a rebuild", async () => {
    const project_id = "scopes-empty";
    await createProject(project_id);
    await askScope(db, project_id, filterText(MT), NOW, null);
    expect(await fillSome(db, project_id)).toBe(true);
    expect((await scopesOf(db, project_id))[0]).toMatchObject({ place: null });
    await append(db, [spin(project_id, 0), spin(project_id, 1)]);
    await settle();
    expect(await counts(project_id, MT, null)).toEqual([1, 1]);
    await askScope(db, project_id, filterText({ country: ["SE"] }), NOW, null);
    await rebuild(env, db, [figuresBy(LAYOUT)], "figures");
    await settle();
    expect((await scopesOf(db, project_id)).map(({ place }) => place)).toEqual([null, null]);
    expect(await counts(project_id, MT, null)).toEqual([1, 1]);
    expect(await counts(project_id, { country: ["SE"] }, null)).toEqual([1, 1]);
  });

  it("read all chunks of a person who has more than fit in a piece", async () => {
    const project_id = "scopes-chunks";
    await createProject(project_id);
    const layout: Layout = { ...LAYOUT, chunks: { open: 1, closed: 2 } };
    await append(
      db,
      Array.from({ length: 30 }, (_, n) => ({ ...spin(project_id, n, "MT"), player_id: "heavy" })),
    );
    await settle(layout);
    await askScope(db, project_id, filterText(MT), NOW, null);
    expect(await fillSome(db, project_id, { rows: 2, pages: 1, chunks: 3 })).toBe(true);
    expect(await counts(project_id, MT, null)).toEqual([1, 30]);
  });
});

describe("the filters of a project", () => {
  const country = (n: number): string => filterText({ country: [`C${n}`] });
  const numbers = async (project_id: string) => (await scopesOf(db, project_id)).map(({ number }) => number);
  const rowsUnder = async (project_id: string): Promise<number> =>
    Object.keys(await readDays(project_id)).filter(isFiltered).length;
  const save = (project_id: string, segment_id: string, filter: object) =>
    env.DB.prepare(
      "INSERT INTO segments (segment_id, project_id, name, filter, shared, created_at, updated_at) VALUES (?, ?, 's', ?, 0, 0, 0)",
    )
      .bind(segment_id, project_id, JSON.stringify(filter))
      .run();

  it("are removed with their rows after a month without use, except saved ones; a number is never reused", async () => {
    const project_id = "scopes-unused";
    await createProject(project_id);
    await append(db, [spin(project_id, 0)]);
    await settle();
    await save(project_id, "kept", { banner_tag: [], country: ["SE", "MT"] });
    await makeApiKey({ role: "viewer", project_id, banner_tags: ["b", "a"] });
    // For one tag under a filter, the rows are those of the filter.
    await save(project_id, "tagged", { banner_tag: ["a"], device: ["mobile"] });
    const saved = [{ country: ["MT", "SE"] }, { banner_tag: ["a", "b"] }, { device: ["mobile"] }].map(filterText);
    for (const filter of [...saved, filterText(MT), filterText({ country: ["MT", "FI"] })])
      await askScope(db, project_id, filter, NOW, null);
    expect(await keepScopes(env, db, NOW)).toBe(true);
    const before = await numbers(project_id);
    const under = await rowsUnder(project_id);
    expect(under).toBeGreaterThan(0);
    // Requested a week later, and therefore in use.
    await askScope(db, project_id, filterText({ country: ["FI", "MT"] }), NOW + 7 * DAY, null);
    expect(await keepScopes(env, db, NOW + 31 * DAY)).toBe(true);
    expect((await scopesOf(db, project_id)).map(({ filter }) => filter)).toEqual([
      ...saved,
      filterText({ country: ["FI", "MT"] }),
    ]);
    expect(await rowsUnder(project_id)).toBe((under * 2) / 3);
    const again = await askScope(db, project_id, filterText(MT), NOW, null);
    expect(again?.number).toBeGreaterThan(Math.max(...before));
    const kept = await env.DB.prepare("SELECT count(*) AS total FROM scopes WHERE project_id = ?")
      .bind(project_id)
      .first();
    expect(kept).toEqual({ total: 5 });
  });

  it("are limited in number: the one unused for longest is removed, and a saved one never is", async () => {
    const project_id = "scopes-many";
    await createProject(project_id);
    for (let n = 0; n < MOST_SCOPES; n++) await askScope(db, project_id, country(n), NOW + (n === 3 ? 0 : n + 1), null);
    await askScope(db, project_id, country(99), NOW, null);
    const filters = async () => (await scopesOf(db, project_id)).map(({ filter }) => filter);
    expect(await filters()).toHaveLength(MOST_SCOPES);
    expect(await filters()).not.toContain(country(3));
    for (let n = 0; n < 100; n++) await save(project_id, `many-${n}`, { country: [`C${n}`] });
    expect(await askScope(db, project_id, country(3), NOW, null)).toBeNull();
    expect(await askScope(db, project_id, country(5), NOW, null)).not.toBeNull();
    expect(await filters()).toHaveLength(MOST_SCOPES);
  });

  it("are fewer for a key that only reads: beyond its share, it replaces its own filters and no more of others", async () => {
    const project_id = "scopes-readers";
    await createProject(project_id);
    for (let n = 0; n < MOST_SCOPES; n++) await askScope(db, project_id, country(n), NOW + n, null);
    for (let n = 100; n < 200; n++) await askScope(db, project_id, country(n), NOW + n, "reader");
    const made = await scopesOf(db, project_id);
    const of = (asked_by: string | null) =>
      made.filter((row) => row.asked_by === asked_by).map(({ filter }) => JSON.parse(filter).country[0]);
    const names = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `C${from + n}`);
    expect(of("reader")).toEqual(names(200 - MOST_OF_A_READER, 200));
    expect(of(null)).toEqual(names(MOST_OF_A_READER, MOST_SCOPES));
    // It can also use filters that others made.
    expect(await askScope(db, project_id, country(MOST_OF_A_READER), NOW, "reader")).toMatchObject({ asked_by: null });
    for (let n = 180; n < 200; n++) await save(project_id, `read-${n}`, { country: [`C${n}`] });
    expect(await askScope(db, project_id, country(300), NOW, "reader")).toBeNull();
    expect(await askScope(db, project_id, country(300), NOW, "another")).toMatchObject({ asked_by: "another" });
    // Filters for the tags that keys are limited to have a separate limit.
    const { length } = await scopesOf(db, project_id);
    for (const tags of [
      ["a", "b"],
      ["b", "c"],
    ]) {
      await makeApiKey({ role: "viewer", project_id, banner_tags: tags });
      expect(await askScope(db, project_id, filterText({ banner_tag: tags }), NOW, "reader")).not.toBeNull();
    }
    expect(await scopesOf(db, project_id)).toHaveLength(length + 2);
  });

  it("are kept for a share link of several tags while it is open", async () => {
    const project_id = "scopes-shared";
    await createProject(project_id);
    await env.DB.prepare(
      "INSERT INTO shares (share_id, project_id, name, hash, banner_tags, created_at, expires_at) VALUES (?, ?, 's', '', ?, 0, ?)",
    )
      .bind("scopes-shared", project_id, JSON.stringify(["b", "a"]), NOW + 60 * DAY)
      .run();
    const ofLink = filterText({ banner_tag: ["a", "b"] });
    await askScope(db, project_id, ofLink, NOW, null);
    await keepScopes(env, db, NOW + 40 * DAY);
    expect((await scopesOf(db, project_id)).map(({ filter }) => filter)).toEqual([ofLink]);
    await keepScopes(env, db, NOW + 80 * DAY);
    expect(await scopesOf(db, project_id)).toEqual([]);
  });
});
