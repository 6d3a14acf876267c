/** Common faults of tags, to plant in a season of traffic, and the anomaly that should report each of them. */
import { FIRST_DEPOSIT } from "../worker/reports/anomalies/series.ts";
import type { Anomaly } from "../worker/reports/anomalies/verdict.ts";
import type { Season } from "./seasons.ts";

export type Fault = {
  name: string;
  /** Whether it happens to all tags, or to one. */
  everywhere?: true;
  /** The share that is left of each event type; types that are not named do not change. */
  left: { type: string; share: number }[];
  /** How many days in a row it lasts. */
  days: number;
  /** The anomaly that should be found, of the tag or of all tags. */
  expected: Pick<Anomaly, "measure" | "kind">;
};

const VISIT = "visit";
const REGISTRATION = "registration";
const DEPOSIT = "deposit";
const MONEY = [DEPOSIT, FIRST_DEPOSIT];
const ALL = [VISIT, REGISTRATION, ...MONEY];
const only = (types: string[], share: number) => types.map((type) => ({ type, share }));

/** The fault of a weekend must be planted on a Saturday. */
export const FAULTS: Fault[] = [
  { name: "a pixel removed", left: only(ALL, 0), days: 1, expected: { measure: VISIT, kind: "silence" } },
  {
    name: "registrations stop, visits go on",
    left: only([REGISTRATION, ...MONEY], 0),
    days: 1,
    expected: { measure: REGISTRATION, kind: "silence" },
  },
  {
    name: "registrations fire twice",
    left: only([REGISTRATION], 2),
    days: 1,
    expected: { measure: "visit_to_registration", kind: "conversion_spike" },
  },
  {
    name: "a wave of bots triples visits",
    left: only([VISIT], 3),
    days: 1,
    expected: { measure: VISIT, kind: "spike" },
  },
  { name: "a weekend at 30 %", left: only(ALL, 0.3), days: 2, expected: { measure: VISIT, kind: "drop" } },
  { name: "a leak of 60 % for three days", left: only(ALL, 0.4), days: 3, expected: { measure: VISIT, kind: "drop" } },
  { name: "deposits stop", left: only(MONEY, 0), days: 1, expected: { measure: DEPOSIT, kind: "silence" } },
  { name: "deposits times four", left: only([DEPOSIT], 4), days: 1, expected: { measure: DEPOSIT, kind: "spike" } },
  {
    name: "all tags silent",
    everywhere: true,
    left: only(ALL, 0),
    days: 1,
    expected: { measure: VISIT, kind: "silence" },
  },
  {
    name: "deposits halve everywhere",
    everywhere: true,
    left: only(MONEY, 0.5),
    days: 1,
    expected: { measure: DEPOSIT, kind: "drop" },
  },
];

/** Changes the counts of a tag, or of all, from a day on. */
export function plant(into: Season, { everywhere, left, days }: Fault, tag: string, day: number): void {
  for (const [name, counts] of into) {
    if (!everywhere && name !== tag) continue;
    for (const { type, share } of left) {
      const values = counts.get(type);
      if (!values) continue;
      for (let at = day; at < day + days; at++) values[at] = Math.round((values[at] ?? 0) * share);
    }
  }
}

/** Whether an anomaly reports a fault that was planted in a tag on a day. */
export const isFoundBy = (anomaly: Anomaly, { everywhere, days, expected }: Fault, tag: string, day: number): boolean =>
  anomaly.banner_tag === (everywhere ? null : tag) &&
  anomaly.measure === expected.measure &&
  anomaly.kind === expected.kind &&
  anomaly.day >= day &&
  anomaly.day < day + days;
