/** The days that a report's figures are compared with. Pure. */
import { addDays, daysBetween } from "../calendar.ts";
import { Problem } from "../http/problem.ts";
import type { Period } from "./period.ts";

export const COMPARE = ["previous", "weekday", "year", "custom"] as const;
export type Compare = (typeof COMPARE)[number];

type Asked = {
  compare?: Compare | undefined;
  compare_from?: string | undefined;
  compare_to?: string | undefined;
};

/**
 * As many days just before; or the nearest days before on the same weekdays; or the same days a year earlier; or the
 * requested days. Undefined where nothing is compared.
 */
export function comparedPeriod(period: Period, { compare, compare_from, compare_to }: Asked): Period | undefined {
  const chosen = { compare_from, compare_to };
  for (const name of ["compare_from", "compare_to"] as const) {
    const given = chosen[name] !== undefined;
    if (given !== (compare === "custom"))
      throw Problem.of(name, given ? `${name} needs compare=custom` : `${name} must be given with compare=custom`);
  }
  if (compare === undefined) return undefined;
  if (compare === "custom") {
    const [from, to] = [compare_from as string, compare_to as string];
    if (from > to) throw Problem.of("compare_from", "compare_from must not be after compare_to");
    return { from, to };
  }
  const { from, to } = period;
  const length = daysBetween(from, to);
  const earlier = (days: number) => ({ from: addDays(from, -days), to: addDays(to, -days) });
  if (compare === "previous") return earlier(length);
  if (compare === "weekday") return earlier(Math.ceil(length / 7) * 7);
  const yearEarlier = (date: string) => {
    const day = `${Number(date.slice(0, 4)) - 1}${date.slice(4)}`;
    return day.endsWith("02-29") ? day.replace("02-29", "02-28") : day;
  };
  return { from: yearEarlier(from), to: yearEarlier(to) };
}

/** The days of both periods that are compared, if the last days of the period are not. */
export function comparedDays({ from, to }: Period, previous: Period, until: string) {
  if (until < from || until > to) throw Problem.of("compare_until", "compare_until must be a day of the period");
  const left = addDays(previous.to, -(daysBetween(until, to) - 1));
  return { from, to: until, previous: { from: previous.from, to: left < previous.from ? previous.from : left } };
}
