/** Which days left their bands. */
import { countAt, type Day, expectations, surprise } from "./band.ts";
import type { Series } from "./series.ts";

export const KINDS = ["drop", "spike", "silence", "conversion_drop", "conversion_spike"] as const;
export const SEVERITIES = ["high", "medium"] as const;

export type Anomaly = {
  day: number;
  /** How many days up to that one the figures cover. */
  days: number;
  measure: string;
  banner_tag: string | null;
  kind: (typeof KINDS)[number];
  severity: (typeof SEVERITIES)[number];
  /** Counts, or of a conversion rates. */
  value: number;
  expected: number;
  expected_low: number;
  expected_high: number;
};

/** A single day, and what a small tag tells only over some. */
const SPANS = [1, 3];
/** A spike of fewer is not worth a word. */
const LEAST_SPIKE = 20;

/** False alarms a day that are put up with over all series, were surprises normal; the bound holds for any number. */
const FALSE_ALARMS = 0.05;
const LEAST_LIMIT = 4;

/** How many spreads a day may lie from what was expected, where so many series are watched. */
export const limitFor = (watched: number): number =>
  Math.max(LEAST_LIMIT, Math.sqrt(2 * Math.log(Math.max(1, watched) / FALSE_ALARMS)));

function judge(series: Series, day: number, days: number, found: Day, limit: number): Anomaly | null {
  const { value, base, expectation } = found;
  const { mean, spread } = expectation;
  const distance = surprise(value, mean) / spread;
  if (Math.abs(distance) <= limit) return null;
  if (distance > 0 && value < LEAST_SPIKE) return null;
  const low = Math.ceil(countAt(-limit * spread, mean));
  const high = Math.floor(countAt(limit * spread, mean));
  const down = distance < 0;
  const per = series.conversion ? base : 1;
  const far = down ? value <= mean / 2 : value >= mean * 1.5;
  return {
    day,
    days,
    measure: series.measure,
    banner_tag: series.banner_tag,
    kind: series.conversion
      ? down
        ? "conversion_drop"
        : "conversion_spike"
      : value === 0
        ? "silence"
        : down
          ? "drop"
          : "spike",
    severity: far && Math.abs(distance) > 1.5 * limit ? "high" : "medium",
    value: value / per,
    expected: mean / per,
    expected_low: low / per,
    expected_high: high / per,
  };
}

/** The anomalies of the days from `from` on. */
export function anomaliesIn(all: readonly Series[], from: number): { anomalies: Anomaly[]; watched: number[] } {
  const looked = all.map((series) => ({ series, spans: SPANS.map((span) => expectations(series, span, from)) }));
  const length = all[0]?.values.length ?? 0;
  const watched = Array.from({ length }, (_, day) => looked.filter(({ spans }) => spans[0]?.[day]).length);
  const anomalies: Anomaly[] = [];
  for (const { series, spans } of looked) {
    for (let day = from; day < length; day++) {
      const limit = limitFor(watched[day] as number);
      const own = spans[0]?.[day];
      if (!own) continue;
      const leaning = surprise(own.value, own.expectation.mean) / own.expectation.spread;
      for (const [n, days] of SPANS.entries()) {
        const found = spans[n]?.[day];
        const anomaly = found ? judge(series, day, days, found, limit) : null;
        // What came to pass days ago is not told again of a day that is as it should be.
        if (!anomaly || (days > 1 && leaning * (anomaly.value < anomaly.expected ? -1 : 1) < 1)) continue;
        anomalies.push(anomaly);
        break;
      }
    }
  }
  return { anomalies, watched };
}
