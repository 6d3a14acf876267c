/** What the page shows, as its address. Pure: it is read from a query string and written to one; defaults are left out. */
import { isDate } from "../worker/calendar.ts";
import type { Field } from "../worker/reports/field-filter.ts";
import { type Choice, isHourly, isPreset, type Preset } from "./period.ts";
import { words } from "./words.ts";

/** A field is read from all values with its name. */
type Read = (given: readonly string[]) => string | readonly string[] | undefined;

const text = ([given]: readonly string[]): string | undefined => given?.trim() || undefined;
/** Senders' names may begin or end with a space, which makes another name. */
const id = ([given]: readonly string[]): string | undefined => given || undefined;
const list = (given: readonly string[]): readonly string[] => [...new Set(given)].filter(Boolean);
const date = ([given]: readonly string[]): string | undefined => (given && isDate(given) ? given : undefined);
const oneOf =
  <const Name extends string>(names: readonly [Name, ...Name[]]) =>
  ([given]: readonly string[]): Name =>
    names.find((name) => name === given) ?? names[0];

export const COMPARISONS = ["previous", "year", "weekday", "custom", "none"] as const;
export const SERIES_NAMES = ["visits", "registrations", "first_deposits", "deposits", "amount", "ngr"] as const;
/** The project's currency, or USD, which all reports have. */
export const CURRENCIES = ["project", "USD"] as const;
export const INTERVALS = ["auto", "hour", "day", "week", "month"] as const;

/** The fields in addition to tags that narrow a report, and their names. */
export const FIELD_TITLES: Record<Field, string> = {
  country: words.common.country,
  device: words.common.device,
  app_id: words.common.app,
  platform: words.common.platform,
};
export const FIELD_NAMES = Object.keys(FIELD_TITLES) as Field[];

/** What is the same for every view; the first of several values is the default. */
const SHARED = {
  view: (given: readonly string[]) => text(given) ?? "overview",
  project_id: text,
  compare: oneOf(COMPARISONS),
  /** With `custom`: the days that are compared with. */
  compare_from: date,
  compare_to: date,
  /** Filters, by their names in the API; all of them must hold. */
  banner_tag: list,
  banner_tag_not: list,
  banner_tag_contains: list,
  country: list,
  device: list,
  app_id: list,
  platform: list,
  segment_id: text,
  /** The currency of amounts, wherever they can be converted. */
  currency: oneOf(CURRENCIES),
} as const satisfies Record<string, Read>;

/** What belongs to one view; another view begins without it. */
const OWN = {
  series: oneOf(SERIES_NAMES),
  measure: oneOf(["total", "count"]),
  interval: oneOf(INTERVALS),
  by: oneOf(["visit_date", "event_date"]),
  sort: text,
  /** A column sorts by its value, or by how much that changed. */
  sort_by: oneOf(["value", "change"]),
  search: text,
  /** The columns of the table, if they are not the default ones. */
  columns: list,
  group_by: text,
  /** Whose leaderboard it is. */
  app: id,
  player_id: id,
  event_type: text,
  segment: text,
  /** How many deposits players have. */
  deposits: text,
  /** A day, if only one is shown. */
  date,
  /** Of an error. */
  code: text,
  leaderboard: oneOf(["daily", "weekly", "alltime"]),
  severity: oneOf(["all", "high", "medium"]),
  /** The part, state or step of a view that is shown. */
  part: text,
} as const satisfies Record<string, Read>;

const FIELDS = { ...SHARED, ...OWN };

type Fields = { [Name in keyof typeof FIELDS]: ReturnType<(typeof FIELDS)[Name]> };
export type Address = Fields & { period: Choice };

/** The days of a view until others are chosen. */
const PERIODS: Partial<Record<string, Preset>> = { cohorts: "91d", anomalies: "30d" };
const periodOf = (view: string): Preset => PERIODS[view] ?? "7d";
/** The views that have figures of hours. */
const HOURLY_VIEWS = ["overview"];
/** Whether a view has figures of such days. */
export const isOffered = (choice: Choice, view: string): boolean => !isHourly(choice) || HOURLY_VIEWS.includes(view);
/** The same days for views without hours. */
const offered = (choice: Choice, view: string): Choice => (isOffered(choice, view) ? choice : "2d");
const names = Object.keys(FIELDS) as (keyof Fields)[];
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

function readPeriod(query: URLSearchParams): Choice {
  const [from, to] = [query.get("from"), query.get("to")];
  if (from && to && isDate(from) && isDate(to) && from <= to) return { from, to };
  const name = query.get("period") ?? "";
  const view = SHARED.view(query.getAll("view"));
  return isPreset(name) ? offered(name, view) : periodOf(view);
}

/** Days to compare with are only kept together, and only for a comparison with chosen days. */
function comparisonIn({ compare, compare_from: from, compare_to: to }: Fields): Partial<Fields> {
  if (compare === "custom" && from && to && from <= to) return {};
  return { compare: compare === "custom" ? "previous" : compare, compare_from: undefined, compare_to: undefined };
}

export function readAddress(search: string): Address {
  const query = new URLSearchParams(search);
  const fields = Object.fromEntries(names.map((name) => [name, FIELDS[name](query.getAll(name))])) as Fields;
  return { ...fields, ...comparisonIn(fields), period: readPeriod(query) };
}

export function writeAddress({ period, ...fields }: Address): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = fields[name];
    if (value === undefined || same(value, FIELDS[name]([]))) continue;
    for (const part of typeof value === "string" ? [value] : value) query.append(name, part);
  }
  if (typeof period !== "string") {
    query.set("from", period.from);
    query.set("to", period.to);
  } else if (period !== periodOf(fields.view)) query.set("period", period);
  return query.size > 0 ? `?${query}` : "";
}

/**
 * The address after some changes. Another view keeps what is the same for all views, and begins with its defaults; also
 * with its default days, unless days were chosen.
 */
export function change(address: Address, changes: Partial<Address>): Address {
  const otherView = changes.view !== undefined && changes.view !== address.view;
  const defaultsOfView = otherView
    ? Object.fromEntries(Object.entries(OWN).map(([name, read]) => [name, read([])]))
    : {};
  const { view = address.view } = changes;
  const period = address.period === periodOf(address.view) ? periodOf(view) : address.period;
  const next = { ...address, ...(defaultsOfView as Partial<Fields>), period, ...changes };
  return { ...next, ...comparisonIn(next), period: offered(next.period, view) };
}

/** No condition on tags; a segment is one, too. */
const NO_TAGS = { banner_tag: [], banner_tag_not: [], banner_tag_contains: [], segment_id: undefined } as const;

export const NO_FILTERS: Pick<Address, keyof typeof NO_TAGS | Field> = {
  ...NO_TAGS,
  country: [],
  device: [],
  app_id: [],
  platform: [],
};
type Filters = typeof NO_FILTERS;
/** The filters of an address, as the API takes them. */
export const filtersOf = (address: Address): Filters =>
  Object.fromEntries((Object.keys(NO_FILTERS) as (keyof Filters)[]).map((name) => [name, address[name]])) as Filters;
export const isFiltered = (address: Address): boolean => !same(filtersOf(address), NO_FILTERS);
/** Whether a field other than the tag narrows it. */
export const hasFields = (address: Address): boolean => FIELD_NAMES.some((name) => address[name].length > 0);

/** Only this tag; other fields stay. */
export const justTag = (tag: string): Partial<Address> => ({ ...NO_TAGS, banner_tag: [tag] });

/** The tag that everything is about, if there is only one; other fields may narrow it further. */
export function onlyTag(address: Address): string | undefined {
  const [tag] = address.banner_tag;
  return tag !== undefined && same({ ...address, ...justTag(tag) }, address) ? tag : undefined;
}

/** Whether a tag passes the filters that name tags; the tags of a saved segment are known only to the server. */
export function fits({ banner_tag, banner_tag_not, banner_tag_contains }: Address, tag: string | null): boolean {
  const contains = (part: string) => tag?.toLowerCase().includes(part.toLowerCase()) ?? false;
  return (
    (banner_tag.length === 0 || banner_tag.includes(tag ?? "")) &&
    !banner_tag_not.includes(tag ?? "") &&
    (banner_tag_contains.length === 0 || banner_tag_contains.some(contains))
  );
}
