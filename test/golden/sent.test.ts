/** Every report is exact: as the events arrive, when all figures are made anew, and when all is lost but the archive. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it } from "vitest";
import { GROUPS, PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { db, settle, TABLES } from "../worker/log.ts";
import { lose } from "../worker/loss.ts";
import { ASKED, expectEveryFigure, forgetAnswers, load, restore } from "./rounds.ts";

describe("the golden events, in the order in which they arrived", () => {
  beforeAll(() => load("sent"));

  it.each(ASKED)("give every figure of %s", (path) => expectEveryFigure("sent", path));
});

describe("the same, after all projections have been reset and rebuilt", () => {
  beforeAll(async () => {
    for (const { name } of TABLES) await rebuild(env, db, PROJECTIONS, name);
    await settle(TABLES);
    await forgetAnswers();
  });

  it.each(ASKED)("give every figure of %s again", (path) => expectEveryFigure("sent", path));
});

describe("the same, after the database has been lost and restored from the archive", () => {
  beforeAll(async () => {
    await settle(GROUPS.archive.projections);
    const count = "SELECT count(*) AS events, sum(seq) AS places FROM events";
    const before = await env.DB.prepare(count).first<{ events: number }>();
    await lose();
    expect(await restore()).toBe(before?.events);
    expect(await env.DB.prepare(count).first()).toEqual(before);
    await settle(TABLES);
    await forgetAnswers();
  });

  it.each(ASKED)("give every figure of %s once more", (path) => expectEveryFigure("sent", path));
});
