/**
 * Reads the European Central Bank's reference rates: units of each currency for one euro, by day, as XML or CSV. It is strict:
 * a document that is cut off, is something else, or has no rate of USD is refused as a whole.
 */

import { isDate } from "../calendar.ts";
import { readCsv } from "../http/csv.ts";
import { divide, PAST_CURRENCIES } from "../money.ts";
import { utcDate } from "../time.ts";
import { isRate, RATE_UNITS, type Rate } from "./rate.ts";

type EcbRate = Omit<Rate, "data_source">;
export type EcbReading = { ok: true; rates: EcbRate[] } | { ok: false; error: string };

type Element = { name: string; attributes: Record<string, string> };
/** An exact decimal: `digits` / 10^`places`. */
type Decimal = { digits: bigint; places: bigint };
type Day = { date: string; perEuro: Map<string, Decimal> };

/** The prolog, a closing tag, an opening or empty one, or text. No comments, no entities, no document types. */
const TOKEN = /<\?[^<>]*\?>|<\/([\w:]+)\s*>|<([\w:]+)((?:\s+[\w:]+\s*=\s*(?:'[^'<]*'|"[^"<]*"))*)\s*(\/?)>|[^<]+/y;
const ATTRIBUTE = /([\w:]+)\s*=\s*(?:'([^']*)'|"([^"]*)")/g;

/** Calls `opened` for each element with its path: the elements around it, then itself. False where the XML is not well formed. */
function walk(xml: string, opened: (path: readonly Element[]) => void): boolean {
  const path: Element[] = [];
  let roots = 0;
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < xml.length) {
    const token = TOKEN.exec(xml);
    if (!token) return false;
    const [text, closing, opening, attributes = "", empty] = token;
    if (closing !== undefined) {
      if (path.pop()?.name !== closing) return false;
    } else if (opening !== undefined) {
      if (path.length === 0) roots++;
      const pairs = [...attributes.matchAll(ATTRIBUTE)].map(([, name, single, double]) => [name, single ?? double]);
      path.push({ name: opening, attributes: Object.fromEntries(pairs) });
      opened(path);
      if (empty) path.pop();
    } else if (path.length === 0 && !text.startsWith("<?") && text.replace("\uFEFF", "").trim() !== "") return false;
  }
  return path.length === 0 && roots === 1;
}

function decimal(text: string | undefined): Decimal | null {
  const [, whole = "", fraction = ""] = /^(\d{1,12})(?:\.(\d{1,12}))?$/.exec(text ?? "") ?? [];
  const digits = BigInt(whole + fraction);
  return digits > 0n ? { digits, places: BigInt(fraction.length) } : null;
}

/** (USD for a euro) / (units for a euro), to 8 places, half to even. */
const cross = (usd: Decimal, other: Decimal): bigint =>
  divide(usd.digits * 10n ** other.places * BigInt(RATE_UNITS), other.digits * 10n ** usd.places);

const EURO: Decimal = { digits: 1n, places: 0n };

export function readEcb(xml: string): EcbReading {
  const days: Day[] = [];
  let error: string | null = null;
  const refuse = (why: string) => {
    error = why;
  };
  const whole = walk(xml, (path) => {
    if (error !== null) return;
    const [root, ...inner] = path;
    const { attributes } = path.at(-1) as Element;
    if (root?.name !== "gesmes:Envelope") return refuse("it is not a document of reference rates");
    if (!inner.every(({ name }) => name === "Cube")) return;
    if (path.length === 3) {
      const { time = "" } = attributes;
      if (!isDate(time)) return refuse("it has rates without a date");
      days.push({ date: time, perEuro: new Map() });
    } else if (path.length === 4) {
      const { perEuro } = days.at(-1) as Day;
      const { currency = "", rate } = attributes;
      const value = decimal(rate);
      if (!/^[A-Z]{3}$/.test(currency) || perEuro.has(currency)) return refuse("it does not name each currency once");
      if (value === null) return refuse(`its rate of ${currency} is not a positive decimal`);
      perEuro.set(currency, value);
    }
  });
  if (error !== null) return { ok: false, error };
  if (!whole) return { ok: false, error: "it is not complete XML" };
  if (days.length === 0) return { ok: false, error: "it has no date" };
  return crossed(days);
}

function crossed(days: readonly Day[]): EcbReading {
  const rates: EcbRate[] = [];
  for (const { date: rate_date, perEuro } of days) {
    const usd = perEuro.get("USD");
    if (!usd) return { ok: false, error: `it has no rate of USD on ${rate_date}` };
    for (const [currency_code, value] of perEuro.set("EUR", EURO)) {
      if (currency_code === "USD" || !PAST_CURRENCIES.has(currency_code)) continue;
      const usd_rate = cross(usd, value);
      if (!isRate(usd_rate)) return { ok: false, error: `its rate of ${currency_code} is out of range` };
      rates.push({ currency_code, rate_date, usd_rate: Number(usd_rate) });
    }
  }
  return { ok: true, rates };
}

/** The file of all days begins with `Date,USD,…`; the file of one day has a blank after each comma. */
export const isEcbCsv = (text: string): boolean => /^\uFEFF?Date(?:\s*,\s*[A-Z]{3})+\s*,?\s*\r?\n/.test(text);

/** `05 January 2026`, as in the file of one day, or `2026-01-05`. */
function dateOf(text: string): string {
  const at = /^\d{1,2} [A-Z][a-z]+ \d{4}$/.test(text) ? Date.parse(`${text} UTC`) : Number.NaN;
  return Number.isNaN(at) ? text : utcDate(at);
}

export function readEcbCsv(text: string): EcbReading {
  const rows = readCsv(text);
  if (!rows || rows.length === 0)
    return { ok: false, error: "it has no line of rates, or a line with another number of cells" };
  const days: Day[] = [];
  for (const { Date: day = "", ...cells } of rows) {
    const date = dateOf(day);
    if (!isDate(date)) return { ok: false, error: `${day || "a line"} is not a date` };
    if (days.some((one) => one.date === date)) return { ok: false, error: `it has ${date} twice` };
    const perEuro = new Map<string, Decimal>();
    for (const [currency, cell] of Object.entries(cells)) {
      // Each line ends with a comma; a currency without a rate on that day, or that no longer exists, has N/A.
      if (currency === "" || cell === "" || cell === "N/A") continue;
      const value = decimal(cell);
      if (value === null) return { ok: false, error: `its rate of ${currency} on ${date} is not a positive decimal` };
      perEuro.set(currency, value);
    }
    days.push({ date, perEuro });
  }
  return crossed(days);
}
