/** The version is the same in its four places. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { expect, it } from "vitest";
import { VERSION } from "../../worker/version.ts";

const read = (file: string) => readFileSync(resolve(import.meta.dirname, "../..", file), "utf8");
const headings = [...read("CHANGELOG.md").matchAll(/^## \[(.+?)\](?: - (.+))?$/gm)].map(([, name, date]) => [
  name,
  date,
]);

it("package.json, its lock, the Worker and the newest heading of CHANGELOG.md have one version", () => {
  const lock = JSON.parse(read("package-lock.json"));
  expect([JSON.parse(read("package.json")).version, lock.version, lock.packages[""].version, headings[1]?.[0]]).toEqual(
    [VERSION, VERSION, VERSION, VERSION],
  );
});

it("CHANGELOG.md begins with what is not released yet; each version has its date, the newest first", () => {
  expect(headings[0]).toEqual(["Unreleased", undefined]);
  const dates = headings.slice(1).map(([, date]) => date);
  for (const date of dates) expect(date).toMatch(/^\d{4}-\d{2}-\d{2}$/);
  expect(dates).toEqual(dates.toSorted().toReversed());
});
