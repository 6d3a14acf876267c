/** Every report is exact: as the events arrive, and again when all figures are made anew. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { db, settle, TABLES } from "../worker/log.ts";
import { ASKED, expectEveryFigure, forgetAnswers, load } from "./rounds.ts";

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
