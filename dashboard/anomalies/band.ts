/** The days around an anomaly with the expected band, computed from the same weeks and by the same rules as in the API. Pure. */
import { addDays, daysBetween } from "../../worker/calendar.ts";
import { BEFORE, bandsOf, countAt } from "../../worker/reports/anomalies/band.ts";
import { CONVERSIONS } from "../../worker/reports/anomalies/series.ts";
import { limitFor } from "../../worker/reports/anomalies/verdict.ts";
import type { MetricsRow } from "../../worker/reports/metrics.ts";
import type { Period } from "../period.ts";
import type { Anomaly } from "./query.ts";
import { isConversion } from "./words.ts";

type Course = {
  measure: string;
  values: (number | null)[];
  /** Null if there is too little data for an expectation. */
  low: (number | null)[];
  high: (number | null)[];
};

/** `rows` begin `BEFORE` days before the period. First deposits have no figures by day: their base's are used instead. */
export function courseOf(
  rows: readonly MetricsRow[],
  { from, to }: Period,
  anomaly: Anomaly,
  watched: number,
  today: string,
): Course {
  const begin = addDays(from, -BEFORE);
  const dates = Array.from({ length: daysBetween(begin, to) }, (_, day) => addDays(begin, day));
  const count = (type: string) => {
    const totals = new Map(
      rows.flatMap((row) => (row.event_type === type ? [[row.event_date, row.total] as const] : [])),
    );
    return dates.map((date) => totals.get(date) ?? 0);
  };
  const conversion = isConversion(anomaly);
  const step = CONVERSIONS.find(({ measure }) => measure === anomaly.measure);
  const known = !conversion || rows.some(({ event_type }) => event_type === step?.to);
  const measure = known ? anomaly.measure : (step?.of ?? "");
  const values = count(conversion && known ? (step?.to ?? "") : measure);
  if (conversion && !known) {
    const none = dates.slice(BEFORE).map(() => null);
    return { measure, values: values.slice(BEFORE), low: none, high: none };
  }
  const bases = conversion ? count(step?.of ?? "") : values.map(() => 1);
  const bands = bandsOf({ measure, conversion, banner_tag: anomaly.banner_tag, values, bases }, BEFORE);
  const days = (anomaly.days === 1 ? bands.alone : bands.together).slice(BEFORE);
  const limit = limitFor(watched);
  // The band of the anomaly's day is in the answer. A day that is not over has no band: part of a day is not comparable.
  const at = (valueOfAnomaly: number, valueIn: (count: { mean: number; spread: number }) => number) =>
    days.map((day, index) => {
      const date = addDays(from, index);
      if (date === today) return null;
      return date === anomaly.event_date ? valueOfAnomaly : day && valueIn(day) / (conversion ? day.base : 1);
    });
  return {
    measure,
    values: days.map((day, index) => {
      const value = values[BEFORE + index] ?? 0;
      if (!conversion) return day && anomaly.days > 1 ? day.value : value;
      return day ? day.value / day.base : null;
    }),
    low: at(anomaly.expected_low, ({ mean, spread }) => Math.ceil(countAt(-limit * spread, mean))),
    high: at(anomaly.expected_high, ({ mean, spread }) => Math.floor(countAt(limit * spread, mean))),
  };
}
