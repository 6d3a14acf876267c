/** Every report is exact, in whichever order the batches arrive, with each project in another database. */
import { beforeAll, describe, expect, it } from "vitest";
import { ASKED, expectEveryFigure, expectFiguresAsTables, load } from "./rounds.ts";

describe("the golden events, in batches in any order", () => {
  beforeAll(() => load("shuffled", { "golden-sydney": "2", "golden-utc": "3" }));

  it.each(ASKED)("give every figure of %s", (path) => expectEveryFigure("shuffled", path, "once"));

  it("give equal cells for every day in the figures and in the tables", async () => {
    expect(await expectFiguresAsTables()).toBeGreaterThan(10_000);
  });
});
