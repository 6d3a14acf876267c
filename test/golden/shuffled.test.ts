/** Every report is exact, whatever the order in which the batches come. */
import { beforeAll, describe, it } from "vitest";
import { ASKED, expectEveryFigure, load } from "./rounds.ts";

describe("the golden events, in batches in any order", () => {
  beforeAll(() => load("shuffled"));

  it.each(ASKED)("give every figure of %s", (path) => expectEveryFigure("shuffled", path, "once"));
});
