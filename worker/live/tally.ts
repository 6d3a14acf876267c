/** Cells added up, and how they are shown: by type, by each dimension, and in money. */
import { formatMoney } from "../money.ts";
import { type Cell, LIVE_DIMENSIONS, type LiveDimension } from "./bucket.ts";

type ByType = Record<string, number>;
type Row = { total: number; by_type: ByType };

export type Window = {
  /** Events. */
  total: number;
  by_type: ByType;
  /** The sums of the events of a type, by currency: decimals. */
  amounts: Record<string, Record<string, string>>;
  banner_tags: ({ banner_tag: string } & Row)[];
  countries: ({ country: string } & Row)[];
  devices: ({ device: string } & Row)[];
  apps: ({ app_id: string } & Row)[];
};

const TOP = 10;

export class Tally {
  readonly #types = new Map<string, number>();
  readonly #units = new Map<string, Map<string, bigint>>();
  readonly #values = Object.fromEntries(
    LIVE_DIMENSIONS.map((dimension) => [dimension, new Map<string, Map<string, number>>()]),
  ) as Record<LiveDimension, Map<string, Map<string, number>>>;

  add(cell: Cell): this {
    this.#count(cell.event_type, cell.total);
    for (const dimension of LIVE_DIMENSIONS) this.#countOf(dimension, cell[dimension], cell.event_type, cell.total);
    if (cell.currency !== "") this.#pay(cell.event_type, cell.currency, cell.units);
    return this;
  }

  merge(other: Tally): this {
    for (const [type, total] of other.#types) this.#count(type, total);
    for (const dimension of LIVE_DIMENSIONS) {
      for (const [value, types] of other.#values[dimension]) {
        for (const [type, total] of types) this.#countOf(dimension, value, type, total);
      }
    }
    for (const [type, sums] of other.#units) for (const [currency, units] of sums) this.#pay(type, currency, units);
    return this;
  }

  #count(type: string, total: number): void {
    this.#types.set(type, (this.#types.get(type) ?? 0) + total);
  }

  #countOf(dimension: LiveDimension, value: string, type: string, total: number): void {
    const values = this.#values[dimension];
    const types = values.get(value) ?? new Map<string, number>();
    values.set(value, types.set(type, (types.get(type) ?? 0) + total));
  }

  #pay(type: string, currency: string, units: bigint): void {
    const sums = this.#units.get(type) ?? new Map<string, bigint>();
    this.#units.set(type, sums.set(currency, (sums.get(currency) ?? 0n) + units));
  }

  by_type(): ByType {
    return Object.fromEntries(this.#types);
  }

  window(hide_amounts = false): Window {
    return {
      ...row(this.#types),
      amounts: Object.fromEntries(
        [...(hide_amounts ? [] : this.#units)].map(([type, sums]) => [
          type,
          Object.fromEntries([...sums].map(([currency, units]) => [currency, formatMoney(units)])),
        ]),
      ),
      banner_tags: this.#top("banner_tag"),
      countries: this.#top("country"),
      devices: this.#top("device"),
      apps: this.#top("app_id"),
    };
  }

  #top<Dimension extends LiveDimension>(dimension: Dimension): ({ [name in Dimension]: string } & Row)[] {
    return [...this.#values[dimension]]
      .map(([value, types]) => ({ [dimension]: value, ...row(types) }) as { [name in Dimension]: string } & Row)
      .sort((a, b) => b.total - a.total || (a[dimension] < b[dimension] ? -1 : 1))
      .slice(0, TOP);
  }
}

const row = (types: Map<string, number>): Row => ({
  total: [...types.values()].reduce((all, total) => all + total, 0),
  by_type: Object.fromEntries(types),
});
