/**
 * Finds a person's names and contacts in texts, and replaces them by pseudonyms. The same word always gets the same
 * pseudonym, in every store, so that ids which refer to each other still do.
 */
import { numberAsSent, parseExact } from "../exact-json.ts";
import { PSEUDONYM } from "../pseudonym.ts";

/** A name, and its pseudonym. */
export type Pair = readonly [name: string, pseudonym: string];

export type Words = {
  /** Replaces a word in texts of the person, also within a longer word. */
  inOwnText(text: string): string;
  /** Replaces a word in other people's texts only as a whole word, so that `alice` does not touch `alice2`. */
  inOthersText(text: string): string;
  /** The same within JSON text, keys and long numbers included. */
  inJson(text: string, within: "own" | "mentioned"): string;
  /** The words, in lower case (ASCII), that texts with the person contain, also inside JSON: to search the database by. */
  needles: string[];
  /** The source of a regular expression, in any case, that finds JSON texts which name the person. */
  pattern: string;
};

/** Digits say little: every number has them. */
const TELLING = { digits: 6, other: 4 } as const;
const LONG_NUMBER = 8;

const isTelling = (word: string) => word.length >= (/^\d+$/.test(word) ? TELLING.digits : TELLING.other);
const quoted = (text: string) => text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
const byItself = (source: string) => `(?<![\\p{L}\\p{N}])${source}(?![\\p{L}\\p{N}])`;
const asciiLower = (text: string) => text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
const inside = (word: string) => JSON.stringify(word).slice(1, -1);

/** A telephone number is also looked for as its digits alone. */
export const digitsOf = (contact: string): string | null => {
  const digits = contact.replace(/\D/g, "");
  return /^\+?[\d\s().-]+$/.test(contact) && digits.length >= LONG_NUMBER && digits !== contact ? digits : null;
};

export function wordsOf(pairs: readonly Pair[]): Words {
  // The longest first, so that a word within another does not break it.
  const words = pairs.filter(([name]) => name !== "").sort(([a], [b]) => b.length - a.length);
  const telling = words.filter(([name]) => isTelling(name));
  const pseudonyms = new Map(words.map(([name, pseudonym]) => [name.toLowerCase(), { name, pseudonym }]));

  const replacing = (sources: string[]) => {
    if (sources.length === 0) return (text: string) => text;
    // Pseudonyms from an earlier replacement are passed over.
    const pattern = new RegExp([PSEUDONYM, ...sources].join("|"), "giu");
    return (text: string) =>
      text.replace(pattern, (match) => {
        const word = pseudonyms.get(match.toLowerCase());
        if (!word) return match;
        return match === word.name ? word.pseudonym : `${word.pseudonym}.${spelling(match, word.name)}`;
      });
  };
  const inOwnText = replacing(words.map(([name]) => (isTelling(name) ? quoted(name) : byItself(quoted(name)))));
  const inOthersText = replacing(telling.map(([name]) => byItself(quoted(name))));
  const replace = { own: inOwnText, mentioned: inOthersText };

  const walk = (value: unknown, within: "own" | "mentioned"): unknown => {
    if (typeof value === "string") return replace[within](value);
    const text = numberAsSent(value);
    if (text !== null) {
      return text.length >= LONG_NUMBER ? (pseudonyms.get(text)?.pseudonym ?? value) : value;
    }
    if (Array.isArray(value)) return value.map((inner) => walk(inner, within));
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [replace[within](key), walk(inner, within)]));
  };

  const exact = words.map(([name]) => `\\\\*"${quoted(inside(name))}\\\\*"`);
  return {
    inOwnText,
    inOthersText,
    inJson(text, within) {
      let value: unknown;
      try {
        value = parseExact(text);
      } catch {
        return replace[within](text);
      }
      const changed = JSON.stringify(walk(value, within));
      return changed === JSON.stringify(value) ? text : changed;
    },
    needles: [...new Set(telling.flatMap(([name]) => [name, inside(name)]).map(asciiLower))],
    pattern: [...telling.map(([name]) => byItself(quoted(inside(name)))), ...exact].join("|") || "(?!)",
  };
}

/** Which letters are of the other case: two spellings of a word must not become one. */
function spelling(match: string, name: string): string {
  const differing = [...match].map((letter, index) => (letter === [...name][index] ? "0" : "1")).join("");
  return BigInt(`0b${differing}`).toString(36);
}
