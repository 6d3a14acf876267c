/** Which findings of the doctor make a deployment fail. */
import { expect, it } from "vitest";
import { failsDeployment } from "../../scripts/deploy/ask.ts";
import { CHECKS } from "../../scripts/doctor/checks.ts";

it("every failed check makes a deployment fail, except money without a rate, this machine's clock and a full database", () => {
  const failing = (verdict: "wrong" | "warning") =>
    CHECKS.map(({ name }) => name).filter((name) => failsDeployment({ name, finding: { verdict } }));
  const others = CHECKS.map(({ name }) => name).filter((name) => !["rates", "clock", "space"].includes(name));
  expect(failing("wrong")).toEqual(others);
  expect(others).toHaveLength(CHECKS.length - 3);
  expect(failing("warning")).toEqual([]);
});
