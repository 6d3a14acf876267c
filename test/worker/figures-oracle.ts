/** The figures of the new core, from the naive ones of `oracle.ts`. It shares no code with `worker/figures/`. */
import type { StoredEvent } from "../../worker/event.ts";
import type { Sheet } from "./figures-read.ts";
import { type Figures, type Fits, type Fitting, figuresOf, fittingOf, kept } from "./oracle.ts";

const ALL = "\u001fall";
const PAYMENTS = ["purchase", "deposit", "refund", "withdrawal"];
const INCOME = ["purchase", "deposit"];
const payersOf = (type: unknown) =>
  INCOME.includes(String(type)) ? ["$payer", type === "deposit" ? "$depositor" : "$purchaser"] : [];
const DAY = 86_400_000;

const rowsOf = (table: Figures[keyof Figures]) =>
  Object.entries(table).map(([key, row]) => ({
    key: JSON.parse(key) as (string | number)[],
    row: row as Record<string, number>,
  }));

/** A requested filter. */
export type AskedFilter = {
  banner_tag?: string[];
  banner_tag_not?: string[];
  banner_tag_contains?: string[][];
  country?: string[];
  device?: string[];
  app_id?: string[];
  platform?: string[];
};

export function fitsFilter(filter: AskedFilter, event: StoredEvent, tag: string): boolean {
  const { banner_tag, banner_tag_not, banner_tag_contains, ...fields } = filter;
  if (banner_tag !== undefined && !banner_tag.includes(tag)) return false;
  if (banner_tag_not?.includes(tag)) return false;
  for (const parts of banner_tag_contains ?? [])
    if (!parts.some((part) => tag.toLowerCase().includes(part.toLowerCase()))) return false;
  for (const [name, values] of Object.entries(fields))
    if (!values.includes(event[name as keyof typeof fields] ?? "")) return false;
  return true;
}

/** Figures of events in which fields that the oracle does not group by replace those that it does. */
function swapped(
  sent: readonly StoredEvent[],
  attributionDays: number,
  fits: Fits,
  fields: (event: StoredEvent) => Partial<StoredEvent>,
): Figures {
  const originals = new Map(sent.map((event) => [{ ...event, ...fields(event) }, event]));
  return figuresOf([...originals.keys()], attributionDays, (event, tag) =>
    fits(originals.get(event) as StoredEvent, tag),
  );
}

function sheetUnder(sent: StoredEvent[], days: number, fits: Fits, under?: Under): Sheet {
  const byPlatform = swapped(sent, days, fits, ({ platform }) => ({ country: platform }));
  const byPlace = swapped(sent, days, fits, ({ country, device }) => ({ app_id: country, platform: device }));
  return sheetOf(figuresOf(sent, days, fits), { byPlatform, byPlace }, under);
}

/** The input of figures under a filter: those of everybody, and the people whose first events match. */
type Under = { all: Figures; fitting: Fitting };

/** The figures under a filter, in the form of rows of days. */
export function filteredDays(sent: StoredEvent[], days: number, filter: AskedFilter, number: number): Sheet {
  const fits: Fits = (event, tag) => fitsFilter(filter, event, tag);
  const under = { all: figuresOf(sent, days), fitting: fittingOf(sent, days, fits) };
  const named = (key: string): string => {
    const [part, scope, ...rest] = JSON.parse(key);
    return JSON.stringify([part, scope === ALL ? `\u001f${number}` : `\u001f${number}\u001f${scope}`, ...rest]);
  };
  return Object.fromEntries(
    Object.entries(sheetUnder(sent, days, fits, under)).map(([key, sums]) => [named(key), sums]),
  );
}

const adding =
  (sheet: Sheet): Add =>
  (name, ...sums) => {
    const key = JSON.stringify(name);
    sheet[key] = sums.map((sum, place) => sum + (sheet[key]?.[place] ?? 0));
  };

export function daysOf(sent: StoredEvent[], attributionDays: number): Sheet {
  const sheet = sheetUnder(sent, attributionDays, () => true);
  const add = adding(sheet);
  for (const { event, duplicate } of kept(sent)) {
    const hour = Math.floor(event.received_at / 3_600_000);
    const outcome = event.test === 1 ? "test" : event.bot !== null ? "bot" : duplicate ? "duplicate" : "counted";
    add(["outcomes", ALL, event.event_date, outcome, event.test === 0 ? (event.bot ?? "") : "", hour], 1);
  }
  return sheet;
}

/**
 * The cells of the figures. Those by platform, and money by country and device, come from figures in which those fields
 * replace others; without such figures, these cells are left out.
 */
export function sheetOf(figures: Figures, others?: { byPlatform: Figures; byPlace: Figures }, under?: Under): Sheet {
  const sheet: Sheet = {};
  const add = adding(sheet);
  const seen = new Set<string>();
  const first = (...key: unknown[]) => {
    const name = JSON.stringify(key);
    if (seen.has(name)) return 0;
    seen.add(name);
    return 1;
  };
  /** People and events of one row of activity in the dimensions given. */
  const active = (key: (string | number)[], total: number, dimensions: [string, unknown][]) => {
    const [date, type, person, hour, tag] = key;
    for (const scope of [ALL, tag])
      for (const [dimension, value] of scope === ALL ? [...dimensions, ["banner_tag", tag]] : dimensions)
        for (const name of ["", type]) {
          const cell = [dimension, value];
          add(["cells", scope, date, name, null, ...cell], first("d", scope, date, name, cell, person), total);
          add(
            ["cells_by_hour", scope, date, name, hour, ...cell],
            first("h", scope, date, name, hour, cell, person),
            total,
          );
        }
  };
  for (const { key, row } of rowsOf(figures.activity)) {
    const [, , , , , country, device, app] = key;
    const { total = 0 } = row;
    active(key, total, [
      ["none", ""],
      ["country", country],
      ["device", device],
      ["app_id", app],
    ]);
  }
  // Everybody's figures by tag are already counted.
  for (const { key, row } of rowsOf(others?.byPlatform.activity ?? {})) {
    const [date, type, person, hour, tag, platform] = key;
    for (const scope of [ALL, tag])
      for (const name of ["", type]) {
        const cell = ["platform", platform];
        add(["cells", scope, date, name, null, ...cell], first("d", scope, date, name, cell, person), row.total ?? 0);
        add(
          ["cells_by_hour", scope, date, name, hour, ...cell],
          first("h", scope, date, name, hour, cell, person),
          row.total ?? 0,
        );
      }
  }

  const paid = (
    key: (string | number)[],
    { total = 0, whole = 0, fraction = 0 }: Record<string, number>,
    cells: [string, unknown][],
  ) => {
    const [date, type, person, hour, , , tag, currency] = key;
    for (const scope of [ALL, tag])
      for (const cell of cells.filter(([dimension]) => scope === ALL || dimension !== "banner_tag")) {
        if (cell[0] !== "currency") {
          add(["money", scope, date, type, currency, null, ...cell], total, whole, fraction);
          add(["money_by_hour", scope, date, type, currency, hour, ...cell], total, whole, fraction);
        }
        for (const name of payersOf(type)) {
          add(["cells", scope, date, name, null, ...cell], first("pd", name, scope, date, cell, person), total);
          add(
            ["cells_by_hour", scope, date, name, hour, ...cell],
            first("ph", name, scope, date, hour, cell, person),
            total,
          );
        }
      }
  };
  for (const { key, row } of rowsOf(figures.payments)) {
    const [, , , , app, platform, tag, currency] = key;
    paid(key, row, [
      ["none", ""],
      ["app_id", app],
      ["platform", platform],
      ["banner_tag", tag],
      ["currency", currency],
    ]);
  }
  for (const { key, row } of rowsOf(others?.byPlace.payments ?? {})) {
    const [, , , , country, device] = key;
    paid(key, row, [
      ["country", country],
      ["device", device],
    ]);
  }
  // The day's counts over all dimensions are in a separate column.
  for (const [name, sums] of Object.entries(sheet)) {
    const [part, scope, date, type, hour, dimension] = JSON.parse(name);
    if (part !== "cells" || dimension !== "none" || hour !== null) continue;
    delete sheet[name];
    sheet[JSON.stringify(["counts", scope, date, type])] = sums;
  }
  // Amounts of other types are in no table of payments; by tag they are in a separate table.
  for (const { key, row } of rowsOf(figures.money_summary)) {
    const [date, type, tag, currency] = key;
    const sums = [row.total ?? 0, row.whole ?? 0, row.fraction ?? 0];
    const name = JSON.stringify(["money", tag, date, type, currency, null, "none", ""]);
    if (!PAYMENTS.includes(String(type))) sheet[name] = sums;
    else if (JSON.stringify(sheet[name]) !== JSON.stringify(sums)) throw new Error("the oracle contradicts itself");
  }

  for (const { key, row } of rowsOf(figures.returns)) {
    const [tag, date, previous] = key;
    add(["returns", tag, date, previous], row.people ?? 0);
  }
  for (const { key, row } of rowsOf(figures.retention)) {
    const [cohort, tag, day] = key;
    const date = new Date(Date.parse(String(cohort)) + Number(day) * DAY).toISOString().slice(0, 10);
    for (const scope of [ALL, tag]) add(["retained", scope, date, cohort], row.people ?? 0);
  }
  for (const { key, row } of rowsOf(figures.depositors)) {
    const [date, tag, previous, firstDate, isFirst, registered] = key;
    const [kind, when] =
      previous !== "" ? ["previous", previous] : isFirst ? ["registration", registered] : ["first", firstDate];
    add(["depositors", tag, date, kind, when], row.people ?? 0);
  }
  for (const { key, row } of rowsOf(figures.funnel)) {
    const [anchor, date, step, tag, elapsed] = key;
    if (anchor === "event")
      for (const scope of [ALL, tag]) add(["funnel", scope, date, step, "", elapsed], row.people ?? 0);
  }
  const fitting = (person: unknown) => under?.fitting.get(String(person)) ?? ALL_FIT;
  addSteps(figures, add, fitting);
  addCohorts(under?.all ?? figures, add, fitting);
  addPayers(figures, add);
  addFirsts(figures, add, fitting);
  return sheet;
}

type Add = (name: unknown[], ...sums: number[]) => void;
type FittingOf = (person: unknown) => { first: boolean; visit: boolean; deposit: boolean };
const ALL_FIT = { first: true, visit: true, deposit: true };

/** Steps of the funnel by the day of the visit; the oracle does not say on which day each of them was taken. */
function addSteps(figures: Figures, add: Add, fitting: FittingOf): void {
  for (const { key, row } of rowsOf(figures.players)) {
    const { visit, registration, deposit, second_deposit } = row as unknown as Record<string, string | null>;
    if (!visit || !fitting(key[0]).visit) continue;
    let before: string | null = null;
    for (const [step, milestone] of [visit, registration, deposit, second_deposit].entries()) {
      if (!milestone || (before !== null && milestone.slice(0, 15) < before.slice(0, 15))) break;
      const elapsed = before === null ? -1 : Number(milestone.slice(0, 15)) - Number(before.slice(0, 15));
      for (const scope of [ALL, visit.slice(27)])
        add(["funnel", scope, milestone.slice(16, 26), step, visit.slice(16, 26), elapsed], 1);
      before = milestone;
    }
  }
}

/** People's payments by the day of their first event, from `player_days`. */
function addCohorts(figures: Figures, add: Add, fitting: FittingOf): void {
  const begun = new Map<unknown, { at: number; tag: string; date: string }>();
  for (const { key, row } of rowsOf(figures.player_days)) {
    const [person, date, , , tag] = key as string[];
    const one = { at: row.first_at ?? 0, tag: tag ?? "", date: date ?? "" };
    const known = begun.get(person);
    if (!known || one.at < known.at || (one.at === known.at && one.tag < known.tag)) begun.set(person, one);
  }
  const firstPaid = new Map<string, string>();
  for (const { key, row } of rowsOf(figures.payments)) {
    const [date, type, person, , , , , currency] = key as string[];
    const { date: cohort = "", tag = "" } = begun.get(person) ?? {};
    for (const scope of fitting(person).first ? [ALL, tag] : [])
      add(["cohort_money", scope, date, cohort, type, currency], row.total ?? 0, row.whole ?? 0, row.fraction ?? 0);
    if (INCOME.includes(type ?? "") && (date ?? "") < (firstPaid.get(person ?? "") ?? "~"))
      firstPaid.set(person ?? "", date ?? "");
  }
  for (const [person, date] of firstPaid) {
    const { date: cohort = "", tag = "" } = begun.get(person) ?? {};
    for (const scope of fitting(person).first ? [ALL, tag] : []) add(["first_payers", scope, date, cohort], 1);
  }
}

/** The days on which people paid, each with their previous one. */
function addPayers(figures: Figures, add: Add): void {
  const days = new Map<string, Set<string>>();
  for (const { key } of rowsOf(figures.payments)) {
    const [date, type, person, , , , tag] = key as string[];
    for (const name of payersOf(type))
      for (const scope of [ALL, tag]) {
        const of = JSON.stringify([scope, name, person]);
        days.set(of, (days.get(of) ?? new Set()).add(date ?? ""));
      }
  }
  for (const [of, dates] of days) {
    const [scope, name] = JSON.parse(of);
    for (const [index, date] of [...dates].sort().entries())
      add(["payers", scope, date, name, [...dates].sort()[index - 1] ?? ""], 1);
  }
}

/** People active on their first day, and depositors on the day of their first deposit: in total, and in each app. */
function addFirsts(figures: Figures, add: Add, fitting: FittingOf): void {
  const firstDays = new Map<unknown, string>();
  for (const { key } of rowsOf(figures.player_days)) {
    const [person, date = ""] = key as string[];
    if (date < (firstDays.get(person) ?? "~")) firstDays.set(person, date);
  }
  const seen = new Set<string>();
  const once = (...name: unknown[]) => {
    const [kind, scope, date, , app] = name;
    if (seen.has(JSON.stringify(name))) return;
    seen.add(JSON.stringify(name));
    add(["firsts", scope, date, kind, ...(app === null ? ["none", ""] : ["app_id", app])], 1);
  };
  for (const { key } of rowsOf(figures.activity)) {
    const [date, type, person, , tag, , , app] = key as string[];
    const deposit = figures.players[JSON.stringify([person])]?.deposit as string | null;
    for (const scope of [ALL, tag])
      for (const value of [null, app]) {
        if (firstDays.get(person) === date) once("day", scope, date, person, value);
        const isFirst = type === "deposit" && deposit?.slice(16, 26) === date && fitting(person).deposit;
        if (isFirst && (scope === ALL || deposit?.slice(27) === tag)) once("deposit", scope, date, person, value);
      }
  }
}

/** The data of each person, as `readPeople` returns them. */
export const peopleOf = (sent: StoredEvent[], attributionDays: number): Record<string, unknown> =>
  peopleIn(figuresOf(sent, attributionDays));

export function peopleIn(figures: Figures): Record<string, unknown> {
  const did = new Map<unknown, Record<string, number>>();
  for (const { key, row } of rowsOf(figures.player_days)) {
    const [person, , type, app] = key;
    const own = did.get(person) ?? {};
    own[`${type} ${app}`] = (own[`${type} ${app}`] ?? 0) + (row.total ?? 0);
    did.set(person, own);
  }
  const money = new Map<unknown, Record<string, number[]>>();
  for (const { key, row } of rowsOf(figures.payments)) {
    const [, type, person, , , , , currency] = key;
    const own = money.get(person) ?? {};
    const [payments = 0, whole = 0, fraction = 0] = own[`${type} ${currency}`] ?? [];
    const cents = fraction + (row.fraction ?? 0);
    own[`${type} ${currency}`] = [
      payments + (row.total ?? 0),
      whole + (row.whole ?? 0) + Math.floor(cents / 10_000),
      cents % 10_000,
    ];
    money.set(person, own);
  }
  return Object.fromEntries(
    rowsOf(figures.players).map(
      ({ key: [person = ""], row: { total_deposits: _, first_event: __, first_date: ___, ...row } }) => [
        person,
        { ...row, did: did.get(person), money: money.get(person) ?? {} },
      ],
    ),
  );
}
