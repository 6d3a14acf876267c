/**
 * Every report is exact: each is tested while the events arrive. Then everything but the archive is lost, the log is
 * restored from it and all figures are computed again from the log: every row of every table is the same again. A report
 * reads nothing else, so its answers are the same.
 */
import { beforeAll, describe, expect, it } from "vitest";
import { figures } from "../../worker/projections/figures.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { FIELDS } from "../../worker/reports/field-filter.ts";
import { bothWays, PATHS_OF_DAYS, type Question } from "../worker/both-ways.ts";
import { runDuty } from "../worker/duty.ts";
import { unwoken } from "../worker/gate.ts";
import { keepToTables, settle, TABLES, turnToDays } from "../worker/log.ts";
import { lose } from "../worker/loss.ts";
import type { GoldenChange } from "./payout-rules.ts";
import { END, type GoldenProject, PROJECTS } from "./projects.ts";
import { questions } from "./questions.ts";
import {
  ASKED,
  changeConversions,
  expectEveryFigure,
  expectFiguresAsTables,
  load,
  makeRules,
  restore,
} from "./rounds.ts";
import { rowsByTable } from "./rows.ts";

let before: Record<string, string[]>;
let cells = 0;

beforeAll(async () => {
  await load("sent");
  before = await rowsByTable();
});

describe("the golden events, in the order in which they arrived", () => {
  it.each(ASKED)("give every figure of %s", (path) => expectEveryFigure("sent", path));

  it("give equal cells for every day in the figures and in the tables", async () => {
    cells = await expectFiguresAsTables();
    expect(cells).toBeGreaterThan(10_000);
  });
});

describe("once rules, decisions and amounts have changed", () => {
  let changes: GoldenChange[];
  beforeAll(async () => {
    changes = await changeConversions();
    await makeRules(true);
    await runDuty("payouts", unwoken, END);
    expect(changes.length).toBeGreaterThan(50);
  });

  it.each(["/statements", "/conversions"])("the golden events give every figure of %s", (path) =>
    expectEveryFigure("sent", path, "once", changes),
  );
});

/** Questions about everybody or one tag, which rows of days answer without a separate filter. */
function plainQuestions(path: string, project: GoldenProject): Question[] {
  return questions(path, project, false).flatMap((asked) => {
    const url = new URL(asked, "https://golden.example");
    const { searchParams } = url;
    const tags = searchParams.getAll("banner_tag");
    const others = [...FIELDS, "banner_tag_not", "banner_tag_contains"].some((name) => searchParams.has(name));
    if (others || tags.length > 1) return [];
    searchParams.delete("banner_tag");
    const address = `${url.pathname.replace("/api/v1", "")}${url.search}`;
    return [{ project_id: project.project_id, address, tags: tags.length === 0 ? null : tags }];
  });
}

describe("the tables and the rows of days", () => {
  beforeAll(() => settle(GROUPS.figures.projections));

  it.each(PATHS_OF_DAYS)("give the same answers to %s", async (path) => {
    for (const project of PROJECTS)
      for (const asked of plainQuestions(path, project)) {
        const { tables, days } = await bothWays(asked);
        expect(days, JSON.stringify(asked)).toEqual(tables);
      }
  });
});

/** A few changed rows of each table: printing the difference of whole tables would take minutes. */
async function expectEveryRow(): Promise<void> {
  const after = await rowsByTable();
  expect(Object.keys(after)).toEqual(Object.keys(before));
  const changed = Object.keys(before).flatMap((table) => {
    const [was, is] = [new Set(before[table]), new Set(after[table])];
    const [gone, come] = [was.difference(is), is.difference(was)].map((rows) => [...rows].slice(0, 3));
    return was.size === before[table]?.length && is.size === after[table]?.length && !gone?.length && !come?.length
      ? []
      : [{ table, gone, come }];
  });
  expect(changed).toEqual([]);
}

it("give every row of every table again after the database was lost and restored from the archive", async () => {
  await settle(GROUPS.archive.projections);
  await lose();
  // The tables are filled for all projects, so that they can be compared, too.
  await keepToTables();
  expect(await restore()).toBe(before.events?.length);
  expect(Object.values(await rowsByTable()).flat().length).toBeLessThan(Object.values(before).flat().length);
  await settle([...TABLES, figures]);
  await turnToDays();
  await expectEveryRow();
  expect(await expectFiguresAsTables()).toBe(cells);
});
