/** Figures, money, rates, durations and dates as the reader's language writes them. */
import type { Field } from "../worker/reports/field-filter.ts";
import type { Bucket, Period } from "./period.ts";
import { locale, words } from "./words.ts";

const whole = new Intl.NumberFormat(locale);
const compact = new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 });
const percent = new Intl.NumberFormat(locale, {
  style: "percent",
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});
const change = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0, signDisplay: "exceptZero" });

/** From here on a figure is abbreviated where space is short. */
const LONG = 10_000;
export const NOTHING = "–";

export const exact = (value: number): string => whole.format(value);
export const short = (value: number): string => (Math.abs(value) < LONG ? whole : compact).format(value);
export const rate = (value: number | null): string => (value === null ? NOTHING : percent.format(value));

/** An amount on the wire is a decimal; Intl takes it as it is, without a float in between. */
const decimal = (amount: string) => amount as Intl.StringNumericLiteral;

function currencyFormat(currency: string, options: Intl.NumberFormatOptions) {
  return new Intl.NumberFormat(locale, { style: "currency", currency, ...options });
}

export const exactMoney = (amount: string, currency: string): string =>
  currencyFormat(currency, { maximumFractionDigits: 4 }).format(decimal(amount));

export const shortMoney = (amount: string, currency: string): string =>
  Math.abs(Number(amount)) < LONG
    ? currencyFormat(currency, { maximumFractionDigits: 0 }).format(decimal(amount))
    : currencyFormat(currency, { notation: "compact", maximumFractionDigits: 1 }).format(decimal(amount));

/** An average: with two decimal places, if it is short enough for them. */
export const averageMoney = (amount: string, currency: string): string =>
  Math.abs(Number(amount)) < LONG
    ? currencyFormat(currency, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(decimal(amount))
    : shortMoney(amount, currency);

export type Change = { direction: "up" | "down" | "same"; text: string };

/** The change of a figure; null where both periods are zero. */
export function changeOf(now: number, before: number): Change | null {
  if (now === 0 && before === 0) return null;
  if (before === 0) return { direction: "up", text: words.panel.newWord };
  // Rounded as it is shown, so that no arrow precedes a 0 %.
  const ratio = Math.round((now / before - 1) * 100) / 100;
  const direction = ratio > 0 ? "up" : ratio < 0 ? "down" : "same";
  return { direction, text: ratio >= 10 ? `×${short(Math.round(now / before))}` : change.format(ratio) };
}

const points = new Intl.NumberFormat(locale, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
  signDisplay: "exceptZero",
});

/** The change of a rate: in percentage points, since a percentage of a percentage is misleading. */
export function changeOfRate(now: number, before: number): Change {
  const moved = Math.round((now - before) * 1_000) / 10;
  return { direction: moved > 0 ? "up" : moved < 0 ? "down" : "same", text: words.panel.points(points.format(moved)) };
}

const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
] as const;

/** The two largest units: `2d 3h`, `49m`. */
export function duration(seconds: number | null): string {
  if (seconds === null) return NOTHING;
  const rounded = Math.max(0, Math.round(seconds));
  const first = UNITS.findIndex(([, length]) => rounded >= length);
  if (first < 0) return unit(0, "second");
  let rest = rounded;
  const parts: string[] = [];
  for (const [name, length] of UNITS.slice(first, first + 2)) {
    const count = Math.floor(rest / length);
    rest -= count * length;
    if (count > 0) parts.push(unit(count, name));
  }
  return parts.join(" ");
}

const unit = (count: number, name: string) =>
  new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "narrow" }).format(count);

const BYTES = ["byte", "kilobyte", "megabyte", "gigabyte", "terabyte"] as const;

/** A size in bytes, by thousands: `1.2 MB`. */
export function size(bytes: number): string {
  const power = Math.min(BYTES.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, bytes)) / 3)));
  const options = { style: "unit", unit: BYTES[power], unitDisplay: "short", maximumFractionDigits: 1 } as const;
  return new Intl.NumberFormat(locale, options).format(bytes / 1_000 ** power);
}

/** A date of the project's calendar is formatted without a time zone, which could move it to another day. */
const dateFormat = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat(locale, { timeZone: "UTC", ...options });
const dayAndMonth = dateFormat({ day: "numeric", month: "short" });
const fullDate = dateFormat({ weekday: "short", day: "numeric", month: "short", year: "numeric" });
const dayMonthYear = dateFormat({ day: "numeric", month: "short", year: "numeric" });
const weekdays = dateFormat({ weekday: "short" });
const at = (date: string) => new Date(`${date}T00:00:00Z`);
const hour = (event_hour: number) => `${String(event_hour).padStart(2, "0")}:00`;

export function periodText({ from, to }: Period): string {
  return from === to ? fullDate.format(at(from)) : dayMonthYear.formatRange(at(from), at(to));
}
export const bucketShort = ({ event_date, event_hour }: Bucket): string =>
  event_hour === undefined ? dayAndMonth.format(at(event_date)) : hour(event_hour);
export const bucketLong = ({ event_date, event_hour }: Bucket): string =>
  `${fullDate.format(at(event_date))}${event_hour === undefined ? "" : `, ${hour(event_hour)}`}`;

/** Days of a week by number; Monday is 0. */
export const weekday = (day: number): string => weekdays.format(Date.UTC(2024, 0, 1 + day));

/** A date of the project's calendar. */
export const dateText = (date: string): string => dayMonthYear.format(at(date));

const clocks = new Map<string, Intl.DateTimeFormat>();

const CLOCKS = {
  minutes: { hour: "2-digit", minute: "2-digit" },
  seconds: { hour: "2-digit", minute: "2-digit", second: "2-digit" },
  full: { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", second: "2-digit" },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;

/** A moment in the project's time zone. The formats are kept, since each is slow to make. */
function onClock(timestamp: string, timezone: string, clock: keyof typeof CLOCKS): string {
  const key = `${timezone} ${clock}`;
  const known = clocks.get(key);
  const format = known ?? new Intl.DateTimeFormat(locale, { timeZone: timezone, hourCycle: "h23", ...CLOCKS[clock] });
  if (!known) clocks.set(key, format);
  return format.format(new Date(timestamp));
}

/** The time of day on the project's clock. */
export const clockTime = (timestamp: string, timezone: string, seconds = true): string =>
  onClock(timestamp, timezone, seconds ? "seconds" : "minutes");
/** The same in a sortable form that spreadsheets read: `2026-11-30 09:41:07`. */
export const sortableTime = (timestamp: string, timezone: string): string =>
  new Intl.DateTimeFormat("sv-SE", { timeZone: timezone, dateStyle: "short", timeStyle: "medium" }).format(
    new Date(timestamp),
  );
/** Day and time on the project's clock. */
export const timeText = (timestamp: string, timezone: string): string => onClock(timestamp, timezone, "full");

const sinces = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
/** How long ago an hour began, in whole hours and from two days on in whole days: `this hour`, `3 hr ago`, `12 days ago`. */
export function ago(timestamp: string, now: number): string {
  const hours = Math.max(0, Math.floor((now - Date.parse(timestamp)) / 3_600_000));
  return hours < 48 ? sinces.format(-hours, "hour") : sinces.format(-Math.floor(hours / 24), "day");
}

const regions = new Intl.DisplayNames(locale, { type: "region" });
/** `DE` → `Germany`; a code that is none stays as it is. */
export function countryName(code: string): string {
  try {
    return regions.of(code) ?? code;
  } catch {
    return code;
  }
}

/** The name of a field's value for people. */
export const fieldValue = (field: Field, value: string): string =>
  field === "country" ? countryName(value) : field === "device" ? titled(value) : value;

/** `first_deposit` → `First deposit`, or what the language calls it. */
export const titled = (name: string): string => {
  const text = name.replaceAll("_", " ");
  return named(words.names, name) ?? text.charAt(0).toUpperCase() + text.slice(1);
};
/** The same in the middle of a sentence. */
export const spoken = (name: string): string => words.inSentence(titled(name));
/** A state as a badge shows it. */
export const stateText = (state: string): string => named(words.states, state) ?? state.replaceAll("_", " ");

const named = (known: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(known, name) ? known[name] : undefined;
