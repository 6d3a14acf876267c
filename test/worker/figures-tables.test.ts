/**
 * The figures as a projection of the log in the table `events`, through the runner, against the tables of the other
 * projections and against the oracle.
 */
import { env } from "cloudflare:workers";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import type { CellPlace, Divided } from "../../worker/figures/cells.ts";
import { type CellsAsked, readCells, readMoney } from "../../worker/figures/cells-reader.ts";
import { SIZES } from "../../worker/figures/chunks.ts";
import type { Layout } from "../../worker/figures/run.ts";
import { ANY_TAG } from "../../worker/figures/scopes.ts";
import { PAGE_SIZES } from "../../worker/figures/visitor-pages.ts";
import { figuresBy } from "../../worker/projections/figures.ts";
import { recountSome as recountUnsaid } from "../../worker/projections/recount.ts";
import { advance, lostRace } from "../../worker/projections/runner.ts";
import { comparable, withoutOthers } from "./figures-compare.ts";
import { aHistory, type Clock, eventsOf, FROM, WINDOW } from "./figures-histories.ts";
import { daysOf, peopleOf } from "./figures-oracle.ts";
import { readDays, readPeople, type Sheet } from "./figures-read.ts";
import { byFigures, byTables } from "./figures-tables.ts";
import { histories } from "./histories.ts";
import { changeWindow, createProject, db, keepToTables, recountSome, settle, storedEvent, TABLES } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const step = async (layout: Layout, limit?: number) =>
  (await advance(env, db, figuresBy(layout), Date.now(), limit)).behind;

let cells = 0;

async function expectFigures(
  project_id: string,
  sent: StoredEvent[],
  window: number,
  questions: readonly Question[],
): Promise<void> {
  const sheet = await readDays(project_id);
  const days = comparable(sheet);
  const people = withoutOthers(await readPeople(project_id));
  expect(days).toEqual(comparable(daysOf(sent, window)));
  expect(people).toEqual(peopleOf(sent, window));
  for (const question of questions) await expectReading(project_id, sheet, question);
  const tables = await byTables(project_id);
  expect(await byFigures(project_id)).toEqual(tables);
  cells += Object.keys(tables.cells).length + Object.keys(people).length;
}

/** Ways to divide figures. */
const aQuestion = fc.record({
  of: fc.constantFrom<CellsAsked["wanted"][]>("everybody", "tags", ["", "a"]),
  hourly: fc.boolean(),
  types: fc.constantFrom<Divided["types"][]>(null, ["", "$payer", "$depositor"], ["deposit", "spin"]),
  dimension: fc.constantFrom(
    ...(["none", "country", "device", "app_id", "platform", "banner_tag", "currency"] as const),
  ),
  value: fc.constantFrom(null, null, "", "MT", "slots", "ios", "EUR"),
});
type Question = typeof aQuestion extends fc.Arbitrary<infer Value> ? Value : never;

const isOf = (of: CellsAsked["wanted"], scope: string) =>
  of === "everybody" ? scope === ANY_TAG : of === "tags" ? scope !== ANY_TAG : of.includes(scope);

/** The requested cells of a sheet. */
function chosen(sheet: Sheet, part: string, { of, dimension, value, types }: Question): [string, number[]][] {
  return Object.entries(sheet).filter(([name]) => {
    const [at, scope = "", , type = "", ...rest] = JSON.parse(name) as string[];
    if (at !== part || !isOf(of, scope)) return false;
    const isWanted = types === null ? type !== "" && !type.startsWith("$") : types.includes(type);
    const [, by, which] = part.startsWith("money") ? rest.slice(1) : rest;
    return isWanted && (part === "counts" || (by === dimension && (value === null || which === value)));
  });
}

const sorted = (entries: [string, number[]][]) => entries.sort(([one], [other]) => (one < other ? -1 : 1));

/** The cells that reports read, against the sheet with all cells. */
async function expectReading(project_id: string, sheet: Sheet, asked: Question): Promise<void> {
  const { of, hourly, dimension } = asked;
  const days = { project_id, filter: null, from: "2026-10-01", to: "2026-12-31", wanted: of };
  const nameOf = (part: string, { tag, event_date, event_hour, event_type, value }: CellPlace, ...more: string[]) =>
    JSON.stringify([
      ...[part, tag ?? ANY_TAG, event_date, event_type],
      ...(part === "counts" ? [] : [...more, event_hour, dimension, value]),
    ]);
  const part = hourly ? "cells_by_hour" : dimension === "none" ? "counts" : "cells";
  const cells = (await readCells(env.DB, days, asked)).map((cell): [string, number[]] => [
    nameOf(part, cell),
    [cell.people, cell.events],
  ]);
  expect(sorted(cells)).toEqual(sorted(chosen(sheet, part, asked)));
  const place = hourly ? "money_by_hour" : "money";
  const amounts = (await readMoney(env.DB, days, asked)).map((cell): [string, number[]] => [
    nameOf(place, cell, cell.currency),
    [cell.payments, cell.whole, cell.fraction],
  ]);
  expect(sorted(amounts)).toEqual(sorted(chosen(sheet, place, asked)));
}

describe("the figures, counted from the table of events", () => {
  it("equal the tables of the other projections and a naive count, after any batches, orders, redeliveries, runs and windows", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        fc.array(aQuestion, { minLength: 8, maxLength: 8 }),
        async ({ actions, layout }, questions) => {
          run++;
          const projects: Clock[] = [
            { project_id: `tables-${run}-one`, timezone: "America/New_York" },
            { project_id: `tables-${run}-two`, timezone: "UTC" },
          ];
          for (const { project_id, timezone } of projects)
            await createProject(project_id, { timezone, attribution_days: WINDOW });
          const sent: StoredEvent[] = [];
          let window = WINDOW;
          for (const action of actions) {
            const events = eventsOf(action, projects);
            if (action.window !== null) {
              window = action.window;
              for (const { project_id } of projects) await changeWindow(project_id, window);
            }
            if (action.lay) await recountSome(2, layout);
            await append(db, events);
            if (action.again) await append(db, events.toReversed());
            sent.push(...events);
            if (action.run !== null) await step(layout, action.run);
          }
          while ((await step(layout)) > 0);
          while (await recountSome(2, layout));
          await settle(TABLES);
          for (const { project_id } of projects)
            await expectFigures(
              project_id,
              sent.filter((event) => event.project_id === project_id),
              window,
              questions,
            );
        },
      ),
      histories(8),
    );
    console.log(JSON.stringify({ message: "figures compared with tables", cells }));
  }, 3_600_000);

  it("are counted once when two runs take the same events concurrently, or people are recounted meanwhile", async () => {
    const project_id = "tables-twice";
    await createProject(project_id, { attribution_days: 30 });
    const spin = (n: number) =>
      storedEvent({ project_id, event_type: "spin", player_id: `p${n % 3}`, timestamp: FROM + n * 60_000 });
    const layout: Layout = { chunks: SIZES, pages: PAGE_SIZES, leastAdded: 0 };
    await append(
      db,
      Array.from({ length: 9 }, (_, n) => spin(n)),
    );
    while ((await step(layout)) > 0);
    await append(
      db,
      Array.from({ length: 9 }, (_, n) => spin(9 + n)),
    );
    await changeWindow(project_id, 2);
    const together = await Promise.allSettled([
      step(layout),
      step(layout),
      recountUnsaid(env, db, Date.now(), 100, layout),
    ]);
    const lost = together.flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    expect(lost.every(lostRace)).toBe(true);
    expect(lost.length).toBeLessThan(together.length);
    while ((await step(layout)) > 0);
    while (await recountSome(1, layout));
    const days = await readDays(project_id);
    expect(days[JSON.stringify(["counts", ANY_TAG, "2026-10-30", "spin"])]).toEqual([3, 18]);
  });
});
