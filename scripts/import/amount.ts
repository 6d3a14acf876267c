/** Amounts in the forms of exports: with currency signs, thousands separators, or a decimal comma. */
import { PAST_CURRENCIES } from "../../worker/money.ts";
import type { Warning } from "./time.ts";

/** The decimal mark, where it is known. */
export type Decimal = "point" | "comma" | null;
export type AmountReading = { amount: string; currency?: string; warning?: Warning } | { error: string };

const BLANKS = /[\s\u00A0\u202F\u2009'’_]/g;
const PARTS = /^(?<before>[^\d.,()+\-−–]*)(?<number>\d[\d.,\s\u00A0\u202F\u2009'’_]*|[.,]\d+)(?<after>[^\d]*)$/u;
const NEGATIVE = /^(?:\D*[-−–]|\(.*\)$)|[-−]$/;
/** Currencies with three decimal places: three digits after the mark may then be decimal places. */
const THREE_PLACES = new Set(["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]);

const LOCALES: readonly [locale: string, display: "symbol" | "narrowSymbol"][] = [
  ["en", "symbol"],
  ["en", "narrowSymbol"],
  ["en-CA", "symbol"],
  ["ru", "symbol"],
  ["uk", "symbol"],
  ["pl", "symbol"],
];
let signs: Map<string, Set<string>> | null = null;

/** The currencies that a sign may mean, over the languages of `LOCALES`. The table is made when the first sign is read. */
function meaningsOf(sign: string): ReadonlySet<string> | undefined {
  if (!signs) {
    signs = new Map();
    for (const currency of PAST_CURRENCIES)
      for (const [locale, currencyDisplay] of LOCALES) {
        const parts = new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay }).formatToParts(0);
        const name = parts.find(({ type }) => type === "currency")?.value.toLowerCase() ?? "";
        signs.set(name, (signs.get(name) ?? new Set()).add(currency));
      }
  }
  return signs.get(sign.toLowerCase());
}

/** Groups of three digits, as in most countries, or of two before the last three, as in India. */
const GROUPED = /^\d{1,3}(?:[.,]\d{2,3})*[.,]\d{3}$/;

/** `1.250,00` → `1250.00`; an error where the text is ambiguous. */
function plain(number: string, decimal: Decimal, threePlaces: boolean): { number: string; doubt?: string } | string {
  const text = number.replace(BLANKS, "");
  const marks = [...text.matchAll(/[.,]/g)].map(([mark]) => mark);
  if (marks.length === 0) return { number: text };
  const last = marks.at(-1) as "." | ",";
  const [whole, rest] = [text.slice(0, text.lastIndexOf(last)), text.slice(text.lastIndexOf(last) + 1)];
  const named = decimal && (decimal === "point" ? "." : ",");
  const joined = (grouped: string) => grouped.replace(/[.,]/g, "");
  const both = new Set(marks).size === 2;
  const many = marks.filter((mark) => mark === last).length > 1;
  if (both || many || (named && named !== last)) {
    // The last mark is the decimal mark where it differs from the marks before it.
    if (!many && (!named || named === last) && (whole.length < 4 || GROUPED.test(whole)))
      return { number: `${joined(whole)}.${rest}` };
    return GROUPED.test(text) && !both ? { number: joined(text) } : "is not a decimal number";
  }
  const thousands = rest.length === 3 && /^[1-9]\d{0,2}$/.test(whole);
  if (!named && last === "," && thousands)
    return "may be thousands or places: say which with --decimal point or --decimal comma";
  const doubt =
    !named && thousands && !threePlaces
      ? "with three places: taken as that; --decimal comma takes them for thousands"
      : undefined;
  return { number: `${whole || "0"}.${rest}`, ...(doubt && { doubt }) };
}

export function readAmount(given: string, currency: string | undefined, decimal: Decimal): AmountReading {
  const text = given.trim();
  if (NEGATIVE.test(text))
    return { error: "has a minus: leave such lines out with --where, or import them as --type refund or withdrawal" };
  const { before = "", number = "", after = "" } = PARTS.exec(text.replace(/^\+/, ""))?.groups ?? {};
  const sign = `${before}${after}`.replace(BLANKS, "");
  if (number === "") return { error: "is not a decimal number" };
  const known = currency?.toUpperCase();
  const code = sign.toUpperCase();
  const meant = PAST_CURRENCIES.has(code) ? new Set([code]) : meaningsOf(sign);
  if (sign !== "" && !meant) return { error: `has ${sign}, which is no sign of a currency` };
  if (known && meant && !meant.has(known)) return { error: `has ${sign}, but its currency is ${known}` };
  const alone = meant?.size === 1 ? [...meant][0] : undefined;
  const found = plain(number, decimal, THREE_PLACES.has(known ?? alone ?? ""));
  if (typeof found === "string") return { error: found };
  // Databases write all decimal places of a column.
  const amount = found.number.replace(/(\.\d{4})0+$/, "$1");
  return {
    amount,
    ...(!known && alone && { currency: alone }),
    ...(found.doubt && { warning: { field: "amount", message: found.doubt } }),
  };
}
