/** Converts times, amounts and words from the forms of exports to the form that the server accepts. */
import { ALIASES, eventType, type FieldError, spelledAsType } from "../../worker/event.ts";
import { numberAsSent } from "../../worker/exact-json.ts";
import { namesNothing } from "../../worker/placeholder.ts";
import { type Decimal, readAmount } from "./amount.ts";
import { addressIn } from "./hit.ts";
import { type Clock, readTime, type Warning } from "./time.ts";

export type Ways = { clock: Clock; decimal: Decimal };
type Values = { pairs: [string, unknown][]; warnings: Warning[]; errors: FieldError[] };

export function readValues(sent: readonly [string, unknown][], { clock, decimal }: Ways): Values {
  const warnings: Warning[] = [];
  const errors: FieldError[] = [];
  const refuse = (field: string, message: string) =>
    errors.push({ field, code: "invalid", message: `${field} ${message}` });
  const find = (field: string) => sent.find(([name]) => (ALIASES[name] ?? name) === field)?.[1];
  /** For fields that only describe an event: it counts without them. */
  const leaveOut = (field: string, message: string) => {
    warnings.push({ field, message: `${message}: left out` });
    return undefined;
  };

  const currency = find("currency");
  const amount = find("amount");
  const hasNoAmount =
    amount === undefined || (typeof amount === "string" && !/\d/.test(amount) && namesNothing(amount));
  let code: string | undefined;
  const readers: Record<string, (text: string) => unknown> = {
    timestamp(text) {
      const time = readTime(text, clock);
      if ("error" in time) return refuse("timestamp", time.error);
      if (time.warning) warnings.push(time.warning);
      return time.at;
    },
    amount(text) {
      if (hasNoAmount) return leaveOut("amount", "says that there is none");
      const money = readAmount(text, typeof currency === "string" ? currency.trim() : undefined, decimal);
      if ("error" in money) return refuse("amount", money.error);
      if (money.warning) warnings.push(money.warning);
      code = money.currency;
      return money.amount;
    },
    // Exports also have a currency where there is no amount; it means nothing there.
    currency: (text) => (hasNoAmount ? undefined : text.trim()),
    country: (text) =>
      /^[A-Za-z]{2}$/.test(text.trim()) ? text.trim().toUpperCase() : leaveOut("country", "not of two letters"),
    source_ip: (text) => addressIn(text) ?? leaveOut("source_ip", "not an address"),
    event_type(text) {
      if (eventType.safeParse(text).success) return text;
      const shown = JSON.stringify(`${text}=${spelledAsType(text) ?? "TYPE"}`);
      return refuse("event_type", `is not a type of event; say what ${JSON.stringify(text)} is: --type-of ${shown}`);
    },
  };
  const pairs = sent.map(([name, value]): [string, unknown] => {
    const field = ALIASES[name] ?? name;
    const read = Object.hasOwn(readers, field) ? readers[field] : undefined;
    // An amount that is a number of JSON is passed on as it is: it is exact.
    const digits = field === "timestamp" ? numberAsSent(value) : null;
    const text = typeof value === "string" ? value : digits;
    return [name, read && text !== null ? read(text) : value];
  });
  if (code !== undefined) pairs.push(["currency", code]);
  return { pairs: pairs.filter(([, value]) => value !== undefined), warnings, errors };
}
