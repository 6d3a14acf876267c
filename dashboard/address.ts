/** What the page shows, as its address says it. Pure: read from a query string, written to one; defaults are left out. */
import { isDate } from "../worker/calendar.ts";
import { type Choice, isPreset } from "./period.ts";

const text = (given: string | null) => given?.trim() || undefined;
const oneOf =
  <const Name extends string>(names: readonly [Name, ...Name[]]) =>
  (given: string | null): Name =>
    names.find((name) => name === given) ?? names[0];

export const COMPARISONS = ["previous", "year", "none"] as const;
export const SERIES_NAMES = ["visits", "registrations", "deposits"] as const;

/** How each field is read; the first of several is the default. */
const FIELDS = {
  view: (given: string | null) => text(given) ?? "overview",
  project_id: text,
  compare: oneOf(COMPARISONS),
  banner_tag: text,
  series: oneOf(SERIES_NAMES),
  measure: oneOf(["total", "count"]),
  by: oneOf(["visit_date", "event_date"]),
  sort: (given: string | null) => text(given) ?? "-visits",
  search: text,
} as const satisfies Record<string, (given: string | null) => string | undefined>;

type Fields = { [Name in keyof typeof FIELDS]: ReturnType<(typeof FIELDS)[Name]> };
export type Address = Fields & { period: Choice };

export const DEFAULT_PERIOD = "7d";

function readPeriod(query: URLSearchParams): Choice {
  const [from, to] = [query.get("from"), query.get("to")];
  if (from && to && isDate(from) && isDate(to) && from <= to) return { from, to };
  const name = query.get("period") ?? "";
  return isPreset(name) ? name : DEFAULT_PERIOD;
}

export function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const fields = Object.fromEntries(Object.entries(FIELDS).map(([name, read]) => [name, read(query.get(name))]));
  return { ...(fields as Fields), period: readPeriod(query) };
}

export function writeAddress({ period, ...fields }: Address): string {
  const query = new URLSearchParams();
  for (const [name, read] of Object.entries(FIELDS)) {
    const value = fields[name as keyof Fields];
    if (value !== undefined && value !== read(null)) query.set(name, value);
  }
  if (typeof period !== "string") {
    query.set("from", period.from);
    query.set("to", period.to);
  } else if (period !== DEFAULT_PERIOD) query.set("period", period);
  return query.size > 0 ? `?${query}` : "";
}
