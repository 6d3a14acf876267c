/**
 * Currencies that the euro replaced. Their rates to the euro are fixed for ever (Council Regulation (EC) No 2866/98 and its
 * amendments), so from that day on the rate of such a currency follows from the rate of the euro.
 */
export const JOINED: readonly (readonly [currency: string, perEuro: string, since: string])[] = [
  ["ATS", "13.7603", "1999-01-01"],
  ["BEF", "40.3399", "1999-01-01"],
  ["DEM", "1.95583", "1999-01-01"],
  ["ESP", "166.386", "1999-01-01"],
  ["FIM", "5.94573", "1999-01-01"],
  ["FRF", "6.55957", "1999-01-01"],
  ["IEP", "0.787564", "1999-01-01"],
  ["ITL", "1936.27", "1999-01-01"],
  ["LUF", "40.3399", "1999-01-01"],
  ["NLG", "2.20371", "1999-01-01"],
  ["PTE", "200.482", "1999-01-01"],
  ["GRD", "340.750", "2001-01-01"],
  ["SIT", "239.640", "2007-01-01"],
  ["CYP", "0.585274", "2008-01-01"],
  ["MTL", "0.429300", "2008-01-01"],
  ["SKK", "30.1260", "2009-01-01"],
  ["EEK", "15.6466", "2011-01-01"],
  ["LVL", "0.702804", "2014-01-01"],
  ["LTL", "3.45280", "2015-01-01"],
  ["HRK", "7.53450", "2023-01-01"],
  ["BGN", "1.95583", "2026-01-01"],
];

const PLACES = 6;
export const JOINED_UNITS = 10 ** PLACES;

/** `"1.95583"` → `1955830`. */
export function unitsPerEuro(perEuro: string): number {
  const [whole = "", fraction = ""] = perEuro.split(".");
  return Number(whole + fraction.padEnd(PLACES, "0"));
}
