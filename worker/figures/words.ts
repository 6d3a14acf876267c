/**
 * The dictionary of a project: names of types, tags, apps, countries and the like as small numbers, which people and
 * days are kept in. A number never gets another meaning.
 */

/** Where a type is meant, these names are any type, and those who paid: by anything, by a purchase, or by a deposit. */
export const ANY_TYPE = "";
export const PAYERS = "$payer";
export const PURCHASERS = "$purchaser";
export const DEPOSITORS = "$depositor";

/** Every dictionary begins with these, so that code can name them. No type is called as the payers are, or as all others. */
const FIRST_WORDS = [
  ...([ANY_TYPE, PAYERS, "$other", "visit", "registration", "deposit", "purchase"] as const),
  ...([PURCHASERS, DEPOSITORS] as const),
] as const;
const codeOf = (word: (typeof FIRST_WORDS)[number]) => FIRST_WORDS.indexOf(word);

/** No tag, no country; as a type: any. */
export const NONE = codeOf("");
export const PAYER = codeOf("$payer");
export const VISIT = codeOf("visit");
export const REGISTRATION = codeOf("registration");
export const DEPOSIT = codeOf("deposit");
export const PURCHASE = codeOf("purchase");
export const PURCHASER = codeOf("$purchaser");
export const DEPOSITOR = codeOf("$depositor");

/** Names beyond these count together, as `$other`: a sender that makes up a name for each event fills no dictionary. */
export const MOST_WORDS = 2 ** 20;
const OTHER = codeOf("$other");

export class Words {
  readonly #names: string[];
  readonly #codes: Map<string, number>;
  readonly #known: number;

  /** `names` are those of an earlier dictionary in their order; none where the project is new. */
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
    if (name === undefined) throw new RangeError(`No word has the number ${code}.`);
    return name;
  }

  /** By their names, as text is sorted in JavaScript. */
  compare(one: number, other: number): number {
    if (one === other) return 0;
    return this.name(one) < this.name(other) ? -1 : 1;
  }

  /** From where on names are new since the dictionary was read, and all from a number on. */
  get firstNew(): number | null {
    return this.#names.length > this.#known ? this.#known : null;
  }

  from(code: number): string[] {
    return this.#names.slice(code);
  }
}
