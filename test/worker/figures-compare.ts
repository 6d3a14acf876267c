/** Figures of the new core and those that they are compared with, reduced to what both have. */
import { ANY_TAG } from "../../worker/figures/scopes.ts";
import type { Sheet } from "./figures-read.ts";

const PAYMENTS = ["purchase", "deposit", "refund"];

/** Whether a scope is everybody, or everybody under a filter. */
const isOfEverybody = (scope: string): boolean => scope.split("\u001f").length === 2;

/** Figures that the oracle does not have: amounts of types that are no payments, except their sum by tag and day. */
const isBeyond = ([part, scope, , ...rest]: unknown[]): boolean => {
  if (part === "cohort_money") return !PAYMENTS.includes(String(rest[1]));
  if (part === "money_by_hour") return !PAYMENTS.includes(String(rest[0]));
  if (part !== "money" || PAYMENTS.includes(String(rest[0]))) return false;
  return isOfEverybody(String(scope)) || rest[3] !== "none";
};

/** Normalised for comparison: sums of money with carries, and events that counted first and are duplicates now as duplicates. */
export function comparable(sheet: Sheet): Sheet {
  const all: Sheet = {};
  const add = (name: unknown[], by: number) => {
    const key = JSON.stringify(name);
    const sum = (all[key]?.[0] ?? 0) + by;
    if (sum === 0) delete all[key];
    else all[key] = [sum];
  };
  for (const [key, sums] of Object.entries(sheet)) {
    const name = JSON.parse(key) as unknown[];
    if (isBeyond(name)) continue;
    if (name[0] === "outcomes") {
      const [part, scope, date, outcome, reason, hour] = name;
      const places =
        outcome === "superseded"
          ? ([
              ["duplicate", 1],
              ["counted", -1],
            ] as const)
          : ([[outcome, 1]] as const);
      for (const [place, sign] of places) add([part, scope, date, place, reason, hour], sign * (sums[0] ?? 0));
    } else all[key] = sums;
  }
  return all;
}

export const withoutOthers = (people: Record<string, unknown>) =>
  Object.fromEntries(
    Object.entries(people).map(([person, one]) => {
      const { money, ...rest } = one as { money: Record<string, unknown> };
      const own = Object.entries(money).filter(([name]) => PAYMENTS.includes(name.split(" ")[0] ?? ""));
      return [person, { ...rest, money: Object.fromEntries(own) }];
    }),
  );

/** Without rows whose sums are all zero, which some tables keep. */
export const withoutNothing = (sheet: Sheet): Sheet =>
  Object.fromEntries(Object.entries(sheet).filter(([, sums]) => sums.some((sum) => sum !== 0)));

/** No tag begins with a control character: such a name is for everybody, or a filter (see `scopes.ts`). */
export const isUnderFilter = (scope: string): boolean => scope.startsWith("\u001f") && scope !== ANY_TAG;

/** Whether the tables of the other projections have a cell: they have no filter, no platform, and not where a person paid. */
export function isKept(cell: string): boolean {
  const [part, scope, , type, ...rest] = JSON.parse(cell) as unknown[];
  if (isUnderFilter(String(scope))) return false;
  if (part === "cells" || part === "cells_by_hour") {
    const [, dimension] = rest;
    return String(type).startsWith("$") ? dimension !== "country" && dimension !== "device" : dimension !== "platform";
  }
  if (part !== "money" && part !== "money_by_hour") return true;
  const [, , dimension] = rest;
  return dimension !== "country" && dimension !== "device";
}
