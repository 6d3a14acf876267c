/**
 * The dictionary of a project: small numbers for the names of types, tags, apps, countries and the like. Rows of people and
 * days contain these numbers. The meaning of a number never changes.
 */

/** Names that are used like types: any type; and the payers of anything, of a purchase, or of a deposit. */
export const ANY_TYPE = "";
export const PAYERS = "$payer";
export const PURCHASERS = "$purchaser";
export const DEPOSITORS = "$depositor";

/** Every dictionary begins with these, so that code can use their numbers. No type can have the name of the payers or of all other names. */
const FIRST_WORDS = [
  ...([ANY_TYPE, PAYERS, "$other", "visit", "registration", "deposit", "purchase"] as const),
  ...([PURCHASERS, DEPOSITORS] as const),
] as const;
const codeOf = (word: (typeof FIRST_WORDS)[number]) => FIRST_WORDS.indexOf(word);

/** No tag or no country; as a type: any type. */
export const NONE = codeOf("");
export const PAYER = codeOf("$payer");
export const VISIT = codeOf("visit");
export const REGISTRATION = codeOf("registration");
export const DEPOSIT = codeOf("deposit");
export const PURCHASE = codeOf("purchase");
export const PURCHASER = codeOf("$purchaser");
export const DEPOSITOR = codeOf("$depositor");

/** Further names count together as `$other`, so that a sender with a new name in each event cannot fill a dictionary. */
export const MOST_WORDS = 2 ** 20;
const OTHER = codeOf("$other");

export class Words {
  readonly #names: string[];
  readonly #codes: Map<string, number>;
  readonly #known: number;

  /** `names` are the stored names in the order of their numbers; none for a new project. */
  constructor(names: readonly string[] = []) {
    this.#names = names.length > 0 ? [...names] : [...FIRST_WORDS];
    this.#codes = new Map(this.#names.map((name, code) => [name, code]));
    this.#known = names.length;
  }

  /** A new name gets the next number. */
  code(name: string | null): number {
    if (name === null) return NONE;
    const known = this.#codes.get(name);
    if (known !== undefined) return known;
    if (this.#names.length >= MOST_WORDS) return OTHER;
    this.#codes.set(name, this.#names.length);
    return this.#names.push(name) - 1;
  }

  name(code: number): string {
    const name = this.#names[code];
    if (name === undefined) throw new RangeError(`The dictionary has no word with the number ${code}.`);
    return name;
  }

  /** Sorts by name, in the order of JavaScript. */
  compare(one: number, other: number): number {
    if (one === other) return 0;
    return this.name(one) < this.name(other) ? -1 : 1;
  }

  /** The number from which on names are new since the dictionary was read; and all names from a number on. */
  get firstNew(): number | null {
    return this.#names.length > this.#known ? this.#known : null;
  }

  from(code: number): string[] {
    return this.#names.slice(code);
  }
}
