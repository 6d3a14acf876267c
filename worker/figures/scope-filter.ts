/** A filter over fields of an event. Figures under each filter are counted separately: see `scopes.ts`. */
import type { Words } from "./words.ts";

/** The fields of a filter. The tag is the one that the event counts for, even where the event names none. */
export const FIELDS = ["banner_tag", "country", "device", "app_id", "platform"] as const;
export type Field = (typeof FIELDS)[number];

/** An event must meet all conditions. An absent field is no condition; an empty list of values lets no event through. */
export type ScopeFilter = {
  /** One of these; `''` is no value. */
  [Name in Field]?: string[];
} & {
  /** None of these; events without a tag fit. */
  banner_tag_not?: string[];
  /** The tag contains at least one word of each of these lists, in upper or lower case. */
  banner_tag_contains?: string[][];
};

const sorted = (values: readonly string[]): string[] => [...new Set(values)].sort();

/** Whether a tag fits. */
export function tagTest(filter: ScopeFilter): (tag: string) => boolean {
  const { banner_tag, banner_tag_not = [], banner_tag_contains = [] } = filter;
  const parts = banner_tag_contains.map((list) => list.map((part) => part.toLowerCase()));
  return (tag) =>
    (banner_tag === undefined || banner_tag.includes(tag)) &&
    !banner_tag_not.includes(tag) &&
    parts.every((list) => list.some((part) => tag.toLowerCase().includes(part)));
}

/** One filter for the events that fit all of these, in its only spelling. */
export function conjunction(filters: readonly ScopeFilter[]): ScopeFilter {
  const all: ScopeFilter = {};
  for (const field of FIELDS) {
    const [first, ...others] = filters.flatMap((filter) => (filter[field] === undefined ? [] : [filter[field]]));
    if (first) all[field] = sorted(first.filter((value) => others.every((list) => list.includes(value))));
  }
  const not = sorted(filters.flatMap(({ banner_tag_not = [] }) => banner_tag_not));
  const contains = filters
    .flatMap(({ banner_tag_contains = [] }) => banner_tag_contains)
    .map((list) => JSON.stringify(sorted(list.map((part) => part.toLowerCase()))));
  const lists = sorted(contains).map((list) => JSON.parse(list) as string[]);
  // A filter that names its tags needs no other rule for them.
  if (all.banner_tag) {
    const fits = tagTest({ banner_tag_not: not, banner_tag_contains: lists });
    all.banner_tag = all.banner_tag.filter(fits);
  } else {
    if (not.length > 0) all.banner_tag_not = not;
    if (lists.length > 0) all.banner_tag_contains = lists;
  }
  return all;
}

/** The text of a filter. Equal filters have the same text, however they were written. */
export const filterText = (filter: ScopeFilter): string => JSON.stringify(conjunction([filter]));

/** A filter with one tag is counted as that tag under the other conditions, so affiliates share the rows under them. */
export function parted(filter: ScopeFilter): { filter: ScopeFilter; tag: string | null } {
  const { banner_tag, ...others } = conjunction([filter]);
  const [tag, ...further] = banner_tag ?? [];
  return tag !== undefined && further.length === 0
    ? { filter: others, tag }
    : { filter: { ...others, ...(banner_tag && { banner_tag }) }, tag: null };
}

/** The fields of a filter, as numbers of a project's dictionary. */
export type Fields = { readonly [Name in Field]: number };

/** Whether a word fits; the answer for each word is remembered. */
function wordTest(words: Words, fits: (name: string) => boolean): (code: number) => boolean {
  const known = new Map<number, boolean>();
  return (code) => {
    let holds = known.get(code);
    if (holds === undefined) {
      holds = fits(words.name(code));
      known.set(code, holds);
    }
    return holds;
  };
}

/** Whether an event fits, by the numbers of its fields. */
export function filterTest(filter: ScopeFilter, words: Words): (fields: Fields) => boolean {
  const tests: ((fields: Fields) => boolean)[] = [];
  if (filter.banner_tag ?? filter.banner_tag_not ?? filter.banner_tag_contains) {
    const fits = wordTest(words, tagTest(filter));
    tests.push(({ banner_tag }) => fits(banner_tag));
  }
  for (const field of FIELDS) {
    const values = filter[field];
    if (field === "banner_tag" || values === undefined) continue;
    const fits = wordTest(words, (name) => values.includes(name));
    tests.push((fields) => fits(fields[field]));
  }
  return (fields) => tests.every((holds) => holds(fields));
}

/** A filter as it is saved: an empty list is no condition. */
export type SavedFilter = { [Name in Field]?: string[] } & {
  banner_tag_not?: string[];
  banner_tag_contains?: string[];
};

export function scopeFilterOf({ banner_tag_contains = [], ...lists }: SavedFilter): ScopeFilter {
  const given = Object.entries(lists).filter(([, values]) => values.length > 0);
  return {
    ...Object.fromEntries(given),
    ...(banner_tag_contains.length > 0 && { banner_tag_contains: [banner_tag_contains] }),
  };
}
