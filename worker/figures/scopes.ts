/**
 * Scopes of figures. A row of days has the figures of all tags together or of one tag; for each filter that somebody asks for
 * there are further rows, of all tags together and of each tag under the filter. An event counts in all scopes that it fits.
 */
import { EVERYBODY } from "./changes.ts";
import { type Fields, filterTest, type ScopeFilter } from "./scope-filter.ts";
import { MOST_WORDS, type Words } from "./words.ts";

/** The name for all tags together; no tag can contain it. */
export const ANY_TAG = "\u001fall";

/** A filter with its number. Number 0 is no filter: every event fits. */
export type Scope = { number: number; fits(fields: Fields): boolean };

export const EVERYTHING: Scope = { number: 0, fits: () => true };
/** The scopes of a project without filters. */
export const NO_FILTERS: readonly Scope[] = [EVERYTHING];

export const scopeOf = (number: number, filter: ScopeFilter, words: Words): Scope => ({
  number,
  fits: filterTest(filter, words),
});

const SPAN = 2 * MOST_WORDS;

/** A filter, and a tag or all tags, as one number. */
export const scopeCode = (number: number, tag: number): number => number * SPAN + tag;
const partsOf = (code: number): { number: number; tag: number } => {
  const number = Math.floor((code - EVERYBODY) / SPAN);
  return { number, tag: code - number * SPAN };
};

/** No tag contains a control character. */
const MARK = "\u001f";

/** The names of rows of days: the number of the filter, if any, and the tag or the name for all tags. */
export function scopeName(number: number | null, tag: string | null): string {
  if (number === null) return tag ?? ANY_TAG;
  return tag === null ? `${MARK}${number}` : `${MARK}${number}${MARK}${tag}`;
}

/** The range of names of all rows under a filter: from the first, up to but without the second. */
export const namesUnder = (number: number): { from: string; before: string } => ({
  from: `${MARK}${number}`,
  before: `${MARK}${number} `,
});

export function codeName(code: number, words: Words): string {
  const { number, tag } = partsOf(code);
  return scopeName(number === 0 ? null : number, tag === EVERYBODY ? null : words.name(tag));
}

/** The scopes that an event fits. Most projects have no filters. */
export const fitting = (scopes: readonly Scope[], fields: Fields): readonly Scope[] =>
  scopes === NO_FILTERS ? scopes : scopes.filter((scope) => scope.fits(fields));
