/** One value in the form of its column: abbreviated where it is long, exact on hover. */
import { Average, Count, Money, Sum, withoutRate } from "../figure.tsx";
import { ago, dateText, duration, exact, exactMoney, NOTHING, rate, timeText } from "../format.ts";
import { words } from "../words.ts";
import { type Column, type Value as Given, isUnknown, type Kind, valueAt } from "./columns.ts";

type Shown = { kind: Kind; value: Given; currency?: string | undefined; timezone: string };

export function Value({ kind, value, currency, timezone }: Shown) {
  if (value === null || value === "") return <span class="muted">{NOTHING}</span>;
  if (kind === "count") return <Count value={Number(value)} />;
  if (kind === "money") return <Money amount={String(value)} currency={currency ?? "USD"} />;
  if (kind === "average") return <Average amount={String(value)} currency={currency ?? "USD"} />;
  if (kind === "time") return <time dateTime={String(value)}>{timeText(String(value), timezone)}</time>;
  if (kind === "ago")
    return (
      <time dateTime={String(value)} title={timeText(String(value), timezone)}>
        {ago(String(value), Date.now())}
      </time>
    );
  return <>{inWords(kind, value, currency)}</>;
}

/** The exact value, for hovering and for screen readers. */
export function inWords(kind: Kind, value: Given, currency = "USD"): string {
  if (value === null) return NOTHING;
  if (kind === "count") return exact(Number(value));
  if (kind === "money" || kind === "average") return exactMoney(String(value), currency);
  if (kind === "rate") return rate(Number(value));
  if (kind === "duration") return duration(Number(value));
  return kind === "date" ? dateText(String(value)) : String(value);
}

/** A row's cell of a column, with its exact value as data for programs that read the page. */
export function valueIn<Row>(column: Column<Row>, row: Row, timezone: string) {
  const { kind, summed, missing, currency } = column;
  const value = valueAt(column, row);
  if (missing && isUnknown(column, row))
    return summed ? (
      <Sum amount={String(value)} currency={currency?.(row) ?? "USD"} missing={missing(row)} />
    ) : (
      <data value={value ?? NOTHING} title={withoutRate(missing(row))}>
        {words.common.unknown}
      </data>
    );
  return <Value kind={kind} value={value} currency={currency?.(row)} timezone={timezone} />;
}
