/**
 * Whole numbers and texts one behind the other in one text. A number is written in base64 digits of five bits, the lowest
 * first; the sixth bit of a digit says that more follow (as source maps do it, without a sign). A text has its length before it.
 */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BITS = 32;

const VALUES = new Uint8Array(128);
for (let value = 0; value < DIGITS.length; value++) VALUES[DIGITS.charCodeAt(value)] = value;

/** Most numbers have one or two digits. */
const SHORT = Array.from({ length: BITS * BITS }, (_, n) =>
  n < BITS ? DIGITS.charAt(n) : DIGITS.charAt(BITS + (n % BITS)) + DIGITS.charAt(Math.floor(n / BITS)),
);

/** @throws where it is negative, or above 2^53: no figure is. */
export function wholeText(n: number): string {
  const short = SHORT[n];
  if (short !== undefined) return short;
  if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is no whole number that can be kept.`);
  let text = "";
  let left = n;
  while (left >= BITS) {
    text += DIGITS.charAt(BITS + (left % BITS));
    left = Math.floor(left / BITS);
  }
  return text + DIGITS.charAt(left);
}

/** A number of either sign, as one without. */
export const signedText = (n: number): string => wholeText(n < 0 ? -2 * n - 1 : 2 * n);

export const stringText = (value: string): string => wholeText(value.length) + value;

/** Reads what `wholeText`, `signedText` and `stringText` wrote, in the same order. */
export class Reader {
  readonly #text: string;
  #at: number;

  constructor(text: string, at = 0) {
    this.#text = text;
    this.#at = at;
  }

  get more(): boolean {
    return this.#at < this.#text.length;
  }

  whole(): number {
    let value = 0;
    for (let unit = 1; ; unit *= BITS) {
      const digit = VALUES[this.#text.charCodeAt(this.#at++)] ?? 0;
      if (digit < BITS) return value + digit * unit;
      value += (digit - BITS) * unit;
    }
  }

  signed(): number {
    const n = this.whole();
    return n % 2 === 0 ? n / 2 : -(n + 1) / 2;
  }

  string(): string {
    const length = this.whole();
    this.#at += length;
    return this.#text.slice(this.#at - length, this.#at);
  }

  /** What has not been read yet. */
  rest(): string {
    return this.#text.slice(this.#at);
  }
}
