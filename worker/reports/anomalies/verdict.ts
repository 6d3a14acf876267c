/** Which days left their bands, and how badly. */
import { bandsOf, countAt, type Day, surprise } from "./band.ts";
import type { Series } from "./series.ts";

export const KINDS = ["drop", "spike", "silence", "conversion_drop", "conversion_spike"] as const;
export const SEVERITIES = ["high", "medium"] as const;

export type Anomaly = {
  /** Its index in the window. */
  day: number;
  /** Over how many days up to that one. */
  days: number;
  measure: string;
  banner_tag: string | null;
  kind: (typeof KINDS)[number];
  severity: (typeof SEVERITIES)[number];
  /** Counts; of a conversion rates. */
  value: number;
  expected: number;
  expected_low: number;
  expected_high: number;
  /** In standard deviations. */
  distance: number;
};

/** A day by itself; and a few together, which show of a small tag what one does not. */
const SPANS = [1, 3] as const;
/** A spike of fewer is not worth a word. */
const LEAST_SPIKE = 20;

/** False alarms a day that are put up with, over all series. */
const FALSE_ALARMS = 0.05;
const LEAST_LIMIT = 4;

/** How many standard deviations a day may stray, where so many series are watched (Chernoff's bound, both sides). */
export const limitFor = (watched: number): number =>
  Math.max(LEAST_LIMIT, Math.sqrt(2 * Math.log(watched / FALSE_ALARMS)));

const distanceOf = ({ value, mean, spread }: Day) => surprise(value, mean) / spread;

function kindOf(conversion: boolean, value: number, down: boolean): Anomaly["kind"] {
  if (conversion) return down ? "conversion_drop" : "conversion_spike";
  if (value === 0) return "silence";
  return down ? "drop" : "spike";
}

function verdict(series: Series, found: Day, limit: number): Omit<Anomaly, "day" | "days"> | null {
  const { measure, conversion, banner_tag } = series;
  const { value, base, mean, spread } = found;
  const distance = distanceOf(found);
  const down = distance < 0;
  if (Math.abs(distance) <= limit || (!down && value < LEAST_SPIKE)) return null;
  const far = down ? value <= mean / 2 : value >= mean * 1.5;
  const per = conversion ? base : 1;
  return {
    measure,
    banner_tag,
    kind: kindOf(conversion, value, down),
    severity: far && Math.abs(distance) > 1.5 * limit ? "high" : "medium",
    value: value / per,
    expected: mean / per,
    expected_low: Math.ceil(countAt(-limit * spread, mean)) / per,
    expected_high: Math.floor(countAt(limit * spread, mean)) / per,
    distance,
  };
}

/** Of a day that is not over, only what is certain: that far too little has come. */
const early = ({ kind, value, expected }: Pick<Anomaly, "kind" | "value" | "expected">) =>
  (kind === "silence" || kind === "drop") && value <= expected / 2;

export type Found = {
  anomalies: Anomaly[];
  /** By day: the series that had a band. */
  watched: Series[][];
};

/** The anomalies of the days from `from` on; those from `unfinished` on are not over. */
export function anomaliesIn(all: readonly Series[], from: number, unfinished: number): Found {
  const banded = all.map((series) => ({ series, bands: bandsOf(series, SPANS, from) }));
  const watched = (all[0]?.values ?? []).map((_, day) =>
    banded.filter(({ bands }) => bands[0]?.[day]).map(({ series }) => series),
  );
  const limits = watched.map(({ length }) => limitFor(length));
  const anomalies = banded.flatMap(({ series, bands }) =>
    limits.flatMap((limit, day): Anomaly[] => {
      const alone = bands[0]?.[day];
      if (!alone) return [];
      for (const [index, days] of SPANS.entries()) {
        const found = bands[index]?.[day];
        const told = found && verdict(series, found, limit);
        if (!told) continue;
        if (day >= unfinished) return days === 1 && early(told) ? [{ day, days, ...told }] : [];
        // What happened some days ago is not told again of a day that is as it should be.
        if (days === 1 || distanceOf(alone) * Math.sign(told.distance) > 1) return [{ day, days, ...told }];
      }
      return [];
    }),
  );
  return { anomalies, watched };
}
