/** Every report is exact: as the events arrive, and again when all figures are made anew. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, it } from "vitest";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { rebuild } from "../../worker/projections/runner.ts";
import { db, settle, TABLES } from "../worker/log.ts";
import { expectEveryFigure, forgetAnswers, load } from "./rounds.ts";

describe("the golden events, in the order in which they arrived", () => {
  beforeAll(() => load("sent"));

  it("give every figure of the reference", () => expectEveryFigure("sent"));

  it("give it again after all projections have been reset and rebuilt", async () => {
    for (const { name } of TABLES) await rebuild(env, db, PROJECTIONS, name);
    await settle(TABLES);
    await forgetAnswers();
    await expectEveryFigure("sent");
  });
});
