/** Rows of any size are decoded in slices, and a search finds its rows in them. */
import { expect, it } from "vitest";
import { at, COLUMNS } from "../../../worker/archive/columns.ts";
import { decode, encode, groupsOf, type Row, type Wanted } from "../../../worker/archive/parquet.ts";
import { LOG_COLUMNS } from "../../../worker/log-columns.ts";

const row = (n: number): Row =>
  COLUMNS.map(({ name, required }) => {
    const [type] = LOG_COLUMNS[name];
    if (name === "seq") return n;
    if (name === "player_id") return `player-${n % 700}`;
    if (name === "data") return JSON.stringify({ text: `${n} `.repeat(1_500) });
    if (!required) return null;
    return type === "text" ? `${name} ${n}` : type === "date" ? "2026-05-01" : n % 2;
  });
const ROWS = Array.from({ length: 2_000 }, (_, n) => row(n));
const BYTES = encode(ROWS).slice().buffer;

it("a row group of large events is decoded slice by slice, in its order", async () => {
  expect(groupsOf(BYTES)).toEqual([2_000]);
  const slices = await Array.fromAsync(decode(BYTES));
  expect(slices.length).toBeGreaterThan(1);
  expect(slices.flat()).toEqual(ROWS);
  expect(await Array.fromAsync(decode(BYTES, { only: 1 }))).toEqual([]);
});

it("rows are found by the values of the columns that the search names", async () => {
  const wanted: Wanted = { columns: ["player_id"], matches: (row) => row[at("player_id")] === "player-699" };
  const found = (await Array.fromAsync(decode(BYTES, { wanted }))).flat();
  expect(found).toEqual([699, 1_399].map((n) => ROWS[n]));
});
