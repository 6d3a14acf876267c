/** Every report is exact, whatever the order in which the batches come. */
import { beforeAll, describe, it } from "vitest";
import { expectEveryFigure, load } from "./rounds.ts";

describe("the golden events, in batches in any order", () => {
  beforeAll(() => load("shuffled"));

  it("give every figure of the reference", () => expectEveryFigure("shuffled"));
});
