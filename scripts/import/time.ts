/** Times in the forms of exports and logs. The forms are data. An ambiguous time is refused, with the option that decides it. */
import { instantOf } from "../../worker/calendar.ts";

/**
 * `timezone` applies to times that name none; `called` is its description in messages, if it is not the name. `dates` says
 * which number of 05/06/2026 is the day, where that is known.
 */
export type Clock = { timezone: string; called?: string; dates: "dmy" | "mdy" | null };

/** A doubt about an accepted value. */
export type Warning = { field: string; message: string };
export type TimeReading = { at: number; warning?: Warning } | { error: string };

const DATES = [
  "(?<y>\\d{4})(?<sep>[-/.])(?<m>\\d{1,2})\\k<sep>(?<d>\\d{1,2})",
  "(?<y>\\d{4})(?<m>\\d\\d)(?<d>\\d\\d)",
  "(?<d>\\d{1,2})[-/. ](?<name>[A-Za-z]{3,9})\\.?[-/, ]+(?<y>\\d{4})",
  "(?<name>[A-Za-z]{3,9})\\.? (?<d>\\d{1,2}),? (?<y>\\d{4})",
  "(?<a>\\d{1,2})(?<sep>[-/.])(?<b>\\d{1,2})\\k<sep>(?<y>\\d{4}|\\d\\d)",
] as const;
const WEEKDAY = "(?:(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*,? )?";
const TIME =
  "(?:(?:[T:]|,? +|,? at )(?<h>\\d{1,2}):(?<min>\\d\\d)(?::(?<s>\\d\\d)(?:[.,](?<f>\\d{1,9}))?)?(?: ?(?<half>[AP])\\.?M\\.?)?)?";
// A blank in the place of the sign can only have been a plus.
const ZONE = " ?(?<zone>Z|\\d\\d:\\d\\d|(?:UTC|GMT)?(?: ?[+-]\\d{1,2}(?::?\\d\\d)?)?)";
const FORMS = DATES.map((date) => new RegExp(`^${WEEKDAY}${date}${TIME}${ZONE}$`, "i"));
const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** Epoch times from 2000 to 2100. The number of digits shows the unit: how many of them are fractions of a second. */
const EPOCHS: [RegExp, number][] = [
  [/^(\d{9,10})(?:\.(\d+))?$/, 0],
  [/^\d{11,15}$/, 3],
  [/^\d{16}$/, 6],
  [/^\d{19}$/, 9],
];

const FORM_RULE =
  "is in no form that is known, such as 2026-05-01 10:00:00, 01.05.2026 10:00, 5/1/2026 10:00:00 PM or epoch milliseconds";

type Parts = Record<string, string | undefined>;

/** Day and month from two numbers whose order depends on the country. */
function dayAndMonth({ a = "", b = "", sep, y }: Parts, dates: Clock["dates"]): [string, string] | string {
  // A date such as 26-05-01 may begin with the year.
  if (dates === null && y?.length === 2 && sep !== "." && Number(a) > 12)
    return "may begin with the year or with the day: say which with --dates dmy, or write the year with four digits";
  const order = dates ?? (sep === "." || Number(a) > 12 || a === b ? "dmy" : Number(b) > 12 ? "mdy" : null);
  if (order === null) return "may be day/month or month/day: say which with --dates dmy or --dates mdy";
  return order === "dmy" ? [a, b] : [b, a];
}

/** Milliseconds since midnight by the numbers of the time; null where they are out of range. */
function handsOf({ h = "0", min = "0", s = "0", f = "", half }: Parts): number | null {
  const hour = Number(h);
  if (half !== undefined && (hour < 1 || hour > 12)) return null;
  const hours = half === undefined ? hour : (hour % 12) + (half.toUpperCase() === "P" ? 12 : 0);
  const ms = ((hours * 60 + Number(min)) * 60 + Number(s)) * 1_000 + Number(f.slice(0, 3).padEnd(3, "0"));
  return Number(min) < 60 && Number(s) < 60 && ms <= 86_400_000 ? ms : null;
}

/** Minutes ahead of UTC; null where the text names no zone. */
function zoneOf(zone: string | undefined): number | null {
  if (!zone) return null;
  const [, sign, hours, minutes = "0"] = /([+-])?(\d{1,2}):?(\d\d)?$/.exec(zone) ?? [];
  return hours === undefined ? 0 : (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes));
}

export function readTime(given: string, { timezone, called = timezone, dates }: Clock): TimeReading {
  // Java writes the name of the time zone after the offset.
  const text = given
    .replace(/[\s\u00A0\u202F]+/g, " ")
    .trim()
    .replace(/((?:Z|[+-]\d\d:?\d\d))\[[\w/+-]+\]$/, "$1");
  const epoch = EPOCHS.find(([form]) => form.test(text));
  if (epoch) {
    const [whole = "", fraction = ""] = text.split(".");
    const digits = whole + fraction.slice(0, 3).padEnd(3 - Math.min(3, epoch[1]), "0");
    return { at: Number(epoch[1] > 3 ? whole.slice(0, 3 - epoch[1]) : digits) };
  }
  const parts: Parts | undefined = FORMS.map((form) => form.exec(text)?.groups).find(Boolean);
  if (!parts) return { error: FORM_RULE };
  const found = parts.a === undefined ? [parts.d as string, parts.m ?? ""] : dayAndMonth(parts, dates);
  if (typeof found === "string") return { error: found };
  const [day, number] = found as [string, string];
  const month = parts.name ? MONTHS.indexOf(parts.name.slice(0, 3).toLowerCase()) : Number(number) - 1;
  const year = Number(parts.y) + (parts.y?.length === 2 ? 2_000 : 0);
  const midnight = Date.UTC(year, month, Number(day));
  const hands = handsOf(parts);
  if (month < 0 || month > 11 || new Date(midnight).getUTCDate() !== Number(day) || hands === null)
    return { error: "is a time that does not exist" };
  const wall = midnight + hands;
  const zone = zoneOf(parts.zone);
  if (zone !== null) return { at: wall - zone * 60_000 };
  return {
    at: instantOf(timezone, wall),
    warning: { field: "timestamp", message: `without a zone: taken as ${called}; --timezone names another` },
  };
}
