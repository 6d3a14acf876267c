/**
 * Scopes of figures. A row of days is of everybody or of one tag; and, for each filter that somebody asks for, of everybody
 * under it and of each tag under it. An event counts in the scopes whose filter it fits.
 */
import { EVERYBODY } from "./changes.ts";
import { type Fields, filterTest, type ScopeFilter } from "./scope-filter.ts";
import { MOST_WORDS, type Words } from "./words.ts";

/** Stands for every tag, and for none; no tag can hold it. */
export const ANY_TAG = "\u001fall";

/** A filter by its number. Number 0 is no filter: everything fits. */
export type Scope = { number: number; fits(fields: Fields): boolean };

export const EVERYTHING: Scope = { number: 0, fits: () => true };
/** Where nobody has asked for a filter. */
export const NO_FILTERS: readonly Scope[] = [EVERYTHING];

export const scopeOf = (number: number, filter: ScopeFilter, words: Words): Scope => ({
  number,
  fits: filterTest(filter, words),
});

const SPAN = 2 * MOST_WORDS;

/** A filter and a tag, or everybody, as one number. */
export const scopeCode = (number: number, tag: number): number => number * SPAN + tag;
const partsOf = (code: number): { number: number; tag: number } => {
  const number = Math.floor((code - EVERYBODY) / SPAN);
  return { number, tag: code - number * SPAN };
};

/** No tag has a control character in it. */
const MARK = "\u001f";

/** How rows of days are called: of a filter's number, or of none, and of one tag, or of everybody. */
export function scopeName(number: number | null, tag: string | null): string {
  if (number === null) return tag ?? ANY_TAG;
  return tag === null ? `${MARK}${number}` : `${MARK}${number}${MARK}${tag}`;
}

/** The names of all rows under a filter: from this on, and before that. */
export const namesUnder = (number: number): { from: string; before: string } => ({
  from: `${MARK}${number}`,
  before: `${MARK}${number} `,
});

export function codeName(code: number, words: Words): string {
  const { number, tag } = partsOf(code);
  return scopeName(number === 0 ? null : number, tag === EVERYBODY ? null : words.name(tag));
}

/** Those that something fits; mostly there are no filters. */
export const fitting = (scopes: readonly Scope[], fields: Fields): readonly Scope[] =>
  scopes === NO_FILTERS ? scopes : scopes.filter((scope) => scope.fits(fields));
