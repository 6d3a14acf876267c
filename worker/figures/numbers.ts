/**
 * Whole numbers and texts, written one after another into one text. A number is written in base64 digits of five bits, the
 * lowest first; the sixth bit of a digit says that another follows (as in source maps, without a sign). A text follows its
 * length.
 */
const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BITS = 32;

const UNITS = Uint16Array.from(DIGITS, (digit) => digit.charCodeAt(0));
const VALUES = new Uint8Array(128);
for (const [value, unit] of UNITS.entries()) VALUES[unit] = value;

/** How many digits 2^53 has. */
const MOST_DIGITS = 11;
/** Smaller numbers are split by bit operations. */
const BY_BITS = 2 ** 31;
const BUFFER = 4_096;
const TEXT = new TextDecoder("utf-16le", { fatal: false, ignoreBOM: true });

/**
 * Writes a text. One writer is used for many texts, each from `begin` to `take`: appending digits to a string one by one
 * would make a new string for each.
 */
export class Writer {
  readonly #units = new Uint16Array(BUFFER);
  #at = 0;
  #text = "";

  begin(): void {
    this.#at = 0;
    this.#text = "";
  }

  /** @throws where the number is negative or above 2^53: no figure is. */
  whole(n: number): void {
    if (!Number.isSafeInteger(n) || n < 0) throw new RangeError(`${n} is not a whole number from 0 to 2^53.`);
    if (this.#at + MOST_DIGITS > BUFFER) this.#flush();
    let left = n;
    for (; left >= BY_BITS; left = Math.floor(left / BITS)) this.#digit(BITS + (left % BITS));
    for (; left >= BITS; left >>= 5) this.#digit(BITS + (left & (BITS - 1)));
    this.#digit(left);
  }

  /** A number that may be negative. */
  signed(n: number): void {
    this.whole(n < 0 ? -2 * n - 1 : 2 * n);
  }

  string(value: string): void {
    this.whole(value.length);
    if (this.#at + value.length > BUFFER) {
      this.#flush();
      this.#text += value;
    } else for (let at = 0; at < value.length; at++) this.#units[this.#at++] = value.charCodeAt(at);
  }

  take(): string {
    this.#flush();
    return this.#text;
  }

  #digit(value: number): void {
    this.#units[this.#at++] = UNITS[value] as number;
  }

  #flush(): void {
    this.#text += TEXT.decode(this.#units.subarray(0, this.#at));
    this.#at = 0;
  }
}

/** Reads what a `Writer` wrote, in the same order. @throws where the text ends too early or has a character that is no digit. */
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
      const digit = VALUES[this.#text.charCodeAt(this.#at++)];
      if (digit === undefined) throw new RangeError(`The text ends or has a wrong character at ${this.#at - 1}.`);
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

  /** The text that has not been read yet. */
  rest(): string {
    return this.#text.slice(this.#at);
  }
}
