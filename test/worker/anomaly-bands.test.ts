/** The functions that compute the bands, with large simulated traffic and small tables. */
import { describe, expect, it } from "vitest";
import { FAULTS, isFoundBy, plant } from "../../bench/faults.ts";
import { affiliateBrands, type Brand, countedOf, demoBrands, type Season, season } from "../../bench/seasons.ts";
import { addDays } from "../../worker/calendar.ts";
import { BEFORE, bandsOf } from "../../worker/reports/anomalies/band.ts";
import { median } from "../../worker/reports/anomalies/median.ts";
import { type Series, seriesOf } from "../../worker/reports/anomalies/series.ts";
import { anomaliesIn, limitFor } from "../../worker/reports/anomalies/verdict.ts";

const THURSDAY = "2026-01-01";
const windowOf = (days: number) => ({ from: THURSDAY, to: addDays(THURSDAY, days - 1) });
const judged = (counts: Season, days: number) =>
  anomaliesIn(seriesOf(countedOf(counts, THURSDAY), windowOf(days), null), BEFORE, days);

const volume = (values: number[], more: Partial<Series> = {}): Series => ({
  measure: "visit",
  conversion: false,
  banner_tag: "tag",
  values,
  bases: values.map(() => 1),
  ...more,
});
const told = (values: number[], from = 0, more: Partial<Series> = {}) =>
  anomaliesIn([volume(values, more)], from, values.length).anomalies;

/** About this number a day, with a variation that does not repeat weekly. */
const about = (level: number, days: number, by = Math.sqrt(level)) =>
  Array.from({ length: days }, (_, day) => Math.round(level + by * Math.sin(day * 2.4)));
const with_ = (values: number[], changes: Record<number, number>) => values.map((value, day) => changes[day] ?? value);

describe("the median", () => {
  it.each([
    [[], undefined, 0],
    [[5], undefined, 5],
    [[9, 1, 2], undefined, 2],
    [[4, 1, 3, 2], undefined, 2.5],
    [[1, 2, 100], [1, 1, 5], 100],
    [[10, 20, 30], [1, 0, 1], 20],
    [[3, 1], [0, 0], 2],
  ])("of %j by %j is %d", (values, weights, middle) => {
    const got = median(values, weights);
    // If half of the weight is on each side, any value between is a median.
    if (middle === 20 && weights?.[1] === 0) expect(got).toBeGreaterThanOrEqual(10);
    else expect(got).toBe(middle);
  });
});

describe("a band", () => {
  it("is not widened by past faults", () => {
    const clean = about(400, 60);
    const faulty = with_(clean, { 20: 0, 21: 0, 33: 4_000, 34: 3_500, 45: 10, 46: 12 });
    const spread = (values: number[]) => bandsOf(volume(values), 59).alone[59]?.spread ?? Number.NaN;
    const mean = (values: number[]) => bandsOf(volume(values), 59).alone[59]?.mean ?? Number.NaN;
    expect(spread(faulty) / spread(clean)).toBeLessThan(1.35);
    expect(mean(faulty) / mean(clean)).toBeCloseTo(1, 1);
  });

  it("exists only after three weeks, counted from a tag's first day", () => {
    for (const begins of [0, 5]) {
      const values = [...new Array<number>(begins).fill(0), ...about(400, 40)];
      const { alone } = bandsOf(volume(values), 0);
      expect(alone.findIndex((day) => day !== null)).toBe(begins + 21);
    }
  });

  it("follows the week: a quiet Sunday is no anomaly, a busy one is", () => {
    const week = [110, 100, 20, 10, 115, 115, 115];
    const values = about(0, 70, 3).map((stray, day) => Math.max(0, 2 * (week[day % 7] as number) + stray));
    expect(told(values)).toEqual([]);
    const [sunday, ...others] = told(with_(values, { 59: 220 }));
    expect(sunday).toMatchObject({ day: 59, kind: "spike" });
    expect(others.filter(({ day }) => day > 61)).toEqual([]);
  });

  it("is the same for every period that is asked for", () => {
    const counts = season(affiliateBrands(6, 4), 150, 4);
    plant(counts, FAULTS[5] as (typeof FAULTS)[number], "tag-4", 120);
    const asked = (from: number, days: number) => {
      const window = { from: addDays(THURSDAY, from - BEFORE), to: addDays(THURSDAY, from + days - 1) };
      const { anomalies } = anomaliesIn(seriesOf(countedOf(counts, THURSDAY), window, null), BEFORE, BEFORE + days);
      return anomalies
        .map(({ day, value, distance, ...one }) => ({
          ...one,
          date: addDays(window.from, day),
          expected: one.expected.toFixed(4),
        }))
        .filter(({ date }) => date >= addDays(THURSDAY, 118) && date < addDays(THURSDAY, 126))
        .map((one) => JSON.stringify(one))
        .sort();
    };
    const whole = asked(70, 80);
    expect(whole.length).toBeGreaterThan(0);
    for (const from of [112, 115, 118]) expect(asked(from, 126 - from)).toEqual(whole);
    expect(asked(111, 39)).toEqual(whole);
  });
});

describe("a verdict", () => {
  const steady = about(100, 40);
  it.each([
    ["nothing", {}, []],
    ["a day without a row", { 39: 0 }, ["silence high"]],
    ["half of it", { 39: 45 }, ["drop medium"]],
    ["a third", { 39: 33 }, ["drop high"]],
    ["three times as much", { 39: 300 }, ["spike high"]],
    ["a fifth more", { 39: 125 }, []],
  ])("on %s", (_, changes, kinds) => {
    expect(told(with_(steady, changes)).map(({ kind, severity }) => `${kind} ${severity}`)).toEqual(kinds);
  });

  it("on a small tag takes three days of silence, not one", () => {
    const small = about(6, 45, 2);
    expect(told(with_(small, { 40: 0 }))).toEqual([]);
    const silent = told(with_(small, { 40: 0, 41: 0, 42: 0 }));
    expect(silent.map(({ kind, day, days }) => [kind, day, days])).toContainEqual(["silence", 42, 3]);
    expect(silent.filter(({ day }) => day > 42)).toEqual([]);
  });

  it("ends once the new level has become normal", () => {
    const values = [...about(400, 60), ...about(150, 40)];
    const days = told(values).map(({ day }) => day);
    expect(days[0]).toBe(60);
    expect(Math.max(...days)).toBeLessThan(70);
  });

  it("compares registrations with the visits of their day", () => {
    const visits = about(1_000, 60, 400);
    const registrations = visits.map((count) => Math.round(count / 10));
    const rates = { measure: "visit_to_registration", conversion: true, bases: visits };
    expect(told(registrations, 0, rates)).toEqual([]);
    const [half] = told(with_(registrations, { 55: (registrations[55] as number) / 2 }), 0, rates);
    expect(half).toMatchObject({ day: 55, kind: "conversion_drop", value: expect.closeTo(0.05, 2) });
    expect(half?.expected).toBeCloseTo(0.1, 2);
    expect(half?.expected_low).toBeGreaterThan(half?.value as number);
  });

  it("on a day that is not over reports only figures that are too low", () => {
    const today = (value: number, share: number) => {
      const values = with_(steady, { 39: value });
      const bases = with_(
        values.map(() => 1),
        { 39: share },
      );
      return anomaliesIn([volume(values, { bases })], 0, 39).anomalies.map(({ kind, day }) => [kind, day]);
    };
    expect(today(0, 0.5)).toEqual([["silence", 39]]);
    expect(today(10, 0.5)).toEqual([["drop", 39]]);
    expect(today(45, 0.5)).toEqual([]);
    expect(today(400, 0.5)).toEqual([]);
    expect(today(0, 0)).toEqual([]);
    expect(today(0, 0.04)).toEqual([]);
  });

  it("requires a larger deviation, the more series are watched", () => {
    expect([0, 10, 100, 1_000, 100_000].map((watched) => Number(limitFor(watched).toFixed(2)))).toEqual([
      4, 4, 4, 4.45, 5.39,
    ]);
  });
});

describe("in simulated traffic", () => {
  it.each([
    ["the demo's", (): Brand[] => demoBrands(430)],
    ["forty affiliates'", (seed: number) => affiliateBrands(40, seed)],
  ])("%s without faults, alarms are rarer than one in 1,000 days of a series, and none is high", (_, brands) => {
    let alarms = 0;
    let days = 0;
    for (const seed of [1, 2, 3]) {
      const { anomalies, watched } = judged(season(brands(seed), BEFORE + 60, seed), BEFORE + 60);
      alarms += anomalies.length;
      days += watched.reduce((all, series) => all + series.length, 0);
      expect(anomalies.filter(({ severity }) => severity === "high")).toEqual([]);
    }
    expect(days).toBeGreaterThan(5_000);
    expect(alarms / days).toBeLessThan(1 / 1_000);
  });

  const SATURDAY = 79;
  it.each(FAULTS.map((fault, index) => ({ ...fault, index })))("$name is reported", ({ index, ...fault }) => {
    for (const seed of [1, 2, 3]) {
      const brands = affiliateBrands(10, seed).map((brand) => ({ ...brand, people: 2_000 }));
      const counts = season(brands, BEFORE + 30, seed);
      plant(counts, fault, `tag-${index}`, SATURDAY);
      const { anomalies } = judged(counts, BEFORE + 30);
      expect(anomalies.filter((anomaly) => isFoundBy(anomaly, fault, `tag-${index}`, SATURDAY))).not.toEqual([]);
    }
  });
});
