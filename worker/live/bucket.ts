/**
 * The counts of one second or minute: a cell for each distinct combination of type and dimensions, so that every breakdown,
 * also of a set of tags, is a sum of cells. There are never more cells than events. A thousand events of affiliate traffic
 * take 13 KB; counts by dimension and by each tag's countries and devices would take 88 KB.
 */

/** The dimensions of live figures; `''` is none. */
export const LIVE_DIMENSIONS = ["banner_tag", "country", "device", "app_id"] as const;
export type LiveDimension = (typeof LIVE_DIMENSIONS)[number];

export type Cell = Record<LiveDimension, string> & {
  event_type: string;
  /** `''` where the events have no amount. */
  currency: string;
  /** Events. */
  total: number;
  /** The sum of their amounts, 1/10,000 units. */
  units: bigint;
};

const NAMES = ["event_type", ...LIVE_DIMENSIONS, "currency"] as const;

/** When a bucket has this many characters (a row can have 2 MB), new combinations are counted together under this name. */
export const OTHER = "(other)";
const others = Object.fromEntries(LIVE_DIMENSIONS.map((dimension) => [dimension, OTHER]));
const ROOMS: { characters: number; fold: Partial<Cell> }[] = [
  { characters: 600_000, fold: {} },
  { characters: 900_000, fold: others },
  { characters: Number.POSITIVE_INFINITY, fold: { ...others, event_type: OTHER, currency: "" } },
];

/** Characters that a cell of known values takes. */
const CELL_CHARACTERS = 32;

export class Bucket {
  readonly #cells = new Map<string, Cell>();
  #characters = 0;

  add(given: Cell): void {
    for (const { characters, fold } of ROOMS) {
      const cell = { ...given, ...fold };
      const key = NAMES.map((name) => cell[name]).join("\u001f");
      const known = this.#cells.get(key);
      if (known) {
        known.total += cell.total;
        known.units += cell.units;
        if (known.total === 0) this.#remove(key);
        return;
      }
      if (this.#characters < characters) {
        this.#cells.set(key, cell);
        this.#characters += key.length + CELL_CHARACTERS;
        return;
      }
    }
  }

  #remove(key: string): void {
    this.#cells.delete(key);
    this.#characters -= key.length + CELL_CHARACTERS;
  }

  cells(): Iterable<Cell> {
    return this.#cells.values();
  }

  /** As JSON: each value once, and the cells as places among them. */
  pack(): string {
    const places = new Map<string, number>();
    const place = (value: string) => {
      const known = places.get(value);
      if (known !== undefined) return known;
      places.set(value, places.size);
      return places.size - 1;
    };
    const cells = [...this.#cells.values()].map((cell) => [
      ...NAMES.map((name) => place(cell[name])),
      cell.total,
      ...(cell.currency === "" ? [] : [String(cell.units)]),
    ]);
    return JSON.stringify([[...places.keys()], cells]);
  }

  static unpack(text: string): Bucket {
    const [values, cells] = JSON.parse(text) as [string[], (number | string)[][]];
    const bucket = new Bucket();
    for (const cell of cells) {
      const named = Object.fromEntries(NAMES.map((name, index) => [name, values[cell[index] as number] as string]));
      bucket.add({
        ...(named as Omit<Cell, "total" | "units">),
        total: cell[NAMES.length] as number,
        units: BigInt(cell[NAMES.length + 1] ?? 0),
      });
    }
    return bucket;
  }
}
