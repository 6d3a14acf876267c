/** Which days are outside of their bands, and how far. */
import { bandsOf, countAt, type Day, surprise, TOGETHER } from "./band.ts";
import type { Series } from "./series.ts";

export const KINDS = ["drop", "spike", "silence", "conversion_drop", "conversion_spike"] as const;
export const SEVERITIES = ["high", "medium"] as const;

export type Anomaly = {
  /** Its index in the window. */
  day: number;
  /** How many days were judged together; `day` is the last of them. */
  days: number;
  measure: string;
  banner_tag: string | null;
  kind: (typeof KINDS)[number];
  severity: (typeof SEVERITIES)[number];
  /** Counts, or rates for a conversion. */
  value: number;
  expected: number;
  expected_low: number;
  expected_high: number;
  /** In standard deviations. */
  distance: number;
};

/** A spike with fewer events is not reported. */
const LEAST_SPIKE = 20;

/** How many false alarms a day are accepted, over all series. */
const FALSE_ALARMS = 0.05;
const LEAST_LIMIT = 4;

/** How many standard deviations a day may be off while `watched` series are watched (Chernoff's bound, both sides). */
export const limitFor = (watched: number): number =>
  Math.max(LEAST_LIMIT, Math.sqrt(2 * Math.log(Math.max(1, watched) / FALSE_ALARMS)));

const distanceOf = ({ value, mean, spread }: Day) => surprise(value, mean) / spread;

const missable = (day: Day | null | undefined) => !!day && countAt(-LEAST_LIMIT * day.spread, day.mean) > 0;

function kindOf(conversion: boolean, value: number, down: boolean): Anomaly["kind"] {
  if (conversion) return down ? "conversion_drop" : "conversion_spike";
  if (value === 0) return "silence";
  return down ? "drop" : "spike";
}

/** Whether a day is off by more than one standard deviation in the direction of `distance`. */
const leans = (day: Day | null | undefined, distance: number) => !!day && distanceOf(day) * Math.sign(distance) > 1;

function verdict(series: Series, found: Day | null | undefined, limit: number): Omit<Anomaly, "day" | "days"> | null {
  if (!found) return null;
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

/** For a day that is not over, only what is certain is reported: that far too little has come. */
const early = ({ kind, value, expected }: Pick<Anomaly, "kind" | "value" | "expected">) =>
  (kind === "silence" || kind === "drop") && value <= expected / 2;

export type Found = {
  anomalies: Anomaly[];
  /** By day: the series whose silence would be reported. */
  watched: Series[][];
};

/** The anomalies of the days from `from` on; the days from `unfinished` on are not over. */
export function anomaliesIn(all: readonly Series[], from: number, unfinished: number): Found {
  // Whether several days are reported together depends on whether one of them was reported alone.
  const banded = all.map((series) => ({ series, bands: bandsOf(series, from - TOGETHER + 1) }));
  const watched = (all[0]?.values ?? []).map((_, day) =>
    banded.filter(({ bands }) => missable(bands.together[day])).map(({ series }) => series),
  );
  const limits = watched.map(({ length }) => limitFor(length));
  const anomalies = banded.flatMap(({ series, bands: { alone, together } }) => {
    const verdicts = limits.map((limit, day) => verdict(series, alone[day], limit));
    return limits.flatMap((limit, day): Anomaly[] => {
      const verdictOfDay = verdicts[day];
      if (day < from) return [];
      if (verdictOfDay) return day < unfinished || early(verdictOfDay) ? [{ day, days: 1, ...verdictOfDay }] : [];
      // Days are not reported together where an earlier one was reported alone, or where the last one is as expected.
      if (day >= unfinished || verdicts.slice(Math.max(0, day - TOGETHER + 1), day).some(Boolean)) return [];
      const joint = verdict(series, together[day], limit);
      return joint && leans(alone[day], joint.distance) ? [{ day, days: TOGETHER, ...joint }] : [];
    });
  });
  return { anomalies, watched };
}
