/**
 * Replaces the library that Chart.js mixes colours with. Every colour of the page's charts is given, so none is
 * mixed: a colour that says it is not valid changes at once instead of over time, and pointing at it leaves it as it is.
 */
export class Color {
  readonly valid = false;
  readonly #colour: string;
  constructor(colour: string) {
    this.#colour = colour;
  }
  saturate(): this {
    return this;
  }
  darken(): this {
    return this;
  }
  hexString(): string {
    return this.#colour;
  }
}
