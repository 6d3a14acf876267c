/** The figures of a project from the new core's rows, by descriptive names. */

import { lineOf, widthOf } from "../../worker/figures/changes.ts";
import { DEPOSITOR_LINES } from "../../worker/figures/counters/depositors.ts";
import { cellOf } from "../../worker/figures/counters/dimensions.ts";
import { FIRST_LINES } from "../../worker/figures/counters/firsts.ts";
import { stepOf } from "../../worker/figures/counters/funnel.ts";
import { readLines, type Texts } from "../../worker/figures/day-rows.ts";
import { outcomeOfLine } from "../../worker/figures/outcomes.ts";
import type { PartName } from "../../worker/figures/parts.ts";
import { readEvents } from "../../worker/figures/person-event.ts";
import { linkOf, type PersonRow, stateOf } from "../../worker/figures/person-row.ts";
import { type Milestone, type State, unpair, wayAt } from "../../worker/figures/state.ts";
import { readPage } from "../../worker/figures/visitor-pages.ts";
import { Words } from "../../worker/figures/words.ts";
import { home } from "./log.ts";

/** Sums by a name: JSON of their dimensions. */
export type Sheet = Record<string, number[]>;

const DAY = 86_400_000;
const dateOf = (number: number): string => (number === 0 ? "" : new Date(number * DAY).toISOString().slice(0, 10));

async function wordsOf(project_id: string): Promise<Words> {
  const { results } = await home.DB.prepare("SELECT names FROM words WHERE project_id = ? ORDER BY first")
    .bind(project_id)
    .all<{ names: string }>();
  return new Words(results.flatMap(({ names }) => JSON.parse(names) as string[]));
}

type Place = { scope: string; date: string; line: number; key: number; words: Words };
type Name = (place: Place) => unknown[];

const cell = (words: Words, key: number) => {
  const { dimension, value } = cellOf(key);
  return [dimension?.name, words.name(value)];
};
const kind = (lines: Record<string, number>, line: number) => Object.keys(lines).find((name) => lines[name] === line);

/** The name of an entry of each part. */
const NAMES: Record<Exclude<PartName, "counts">, Name> = {
  cells: ({ words, line, key }) => [words.name(line), null, ...cell(words, key)],
  cells_by_hour: ({ words, line, key }) => [words.name(Math.floor(line / 24)), line % 24, ...cell(words, key)],
  money: ({ words, line, key }) => [...unpair(line).map((code) => words.name(code)), null, ...cell(words, key)],
  money_by_hour: ({ words, line, key }) => [
    ...unpair(Math.floor(line / 24)).map((code) => words.name(code)),
    line % 24,
    ...cell(words, key),
  ],
  returns: ({ key }) => [dateOf(key)],
  retained: ({ key }) => [dateOf(key)],
  first_payers: ({ key }) => [dateOf(key)],
  cohort_money: ({ words, line, key }) => [dateOf(line), ...unpair(key).map((code) => words.name(code))],
  depositors: ({ line, key }) => [kind(DEPOSITOR_LINES, line), dateOf(key)],
  funnel: ({ line, key }) => [stepOf(line).step, dateOf(stepOf(line).visit_date), key - 1],
  payers: ({ words, line, key }) => [words.name(line), dateOf(key)],
  firsts: ({ words, line, key }) => [kind(FIRST_LINES, line), ...cell(words, key)],
  outcomes: ({ words, line, key }) => [outcomeOfLine(line).outcome, words.name(outcomeOfLine(line).reason), key],
};

/** Of the scopes that are asked for. */
export async function readDays(project_id: string, isAsked = (_scope: string) => true): Promise<Sheet> {
  const words = await wordsOf(project_id);
  const { results } = await home.DB.prepare(
    "SELECT scope, date, counts, life, cells, hours FROM days WHERE project_id = ?",
  )
    .bind(project_id)
    .all<Texts & { counts: string; scope: string; date: number }>();
  const sheet: Sheet = {};
  for (const { scope, date: number, ...texts } of results) {
    if (!isAsked(scope)) continue;
    const date = dateOf(number);
    for (const [type, sums] of Object.entries(JSON.parse(texts.counts || "{}") as Record<string, number[]>))
      sheet[JSON.stringify(["counts", scope, date, type])] = sums;
    for (const text of [texts.life, texts.cells, texts.hours]) {
      for (const [lineNumber, tally] of readLines(text)) {
        const { part, line } = lineOf(lineNumber);
        if (part === "counts") throw new Error("counts have a column of their own");
        for (const [key, sums] of tally.entries()) {
          const name = JSON.stringify([part, scope, date, ...NAMES[part]({ scope, date, line, key, words })]);
          if (sheet[name]) throw new Error(`${name} is there twice`);
          sheet[name] = sums.slice(0, widthOf(lineNumber));
        }
      }
    }
  }
  return sheet;
}

/** The row of `players`, with what the person did and paid. */
export async function readPeople(project_id: string): Promise<Record<string, unknown>> {
  const words = await wordsOf(project_id);
  const rules = { words, attribution_days: 0 };
  const read = (text: string) => home.DB.prepare(text).bind(project_id);
  const { results: own } = await read(
    "SELECT person, now, ifnull(head, '') AS head, recent FROM people WHERE project_id = ?",
  ).all<PersonRow & { person: string }>();
  const { results: pages } = await read("SELECT body FROM visitor_pages WHERE project_id = ?").all<{ body: string }>();
  const paged = pages.flatMap(({ body }) => [...readPage(body)].map(([person, row]) => ({ person, ...row })));
  const people: Record<string, unknown> = {};
  for (const { person, ...row } of [...own, ...paged]) {
    if (linkOf(row.now)) continue;
    if (people[person]) throw new Error(`${person} is there twice`);
    people[person] = described(person, stateOf(row, rules), words);
  }
  return people;
}

function described(person: string, state: State, words: Words) {
  const tagOf = ({ way }: Milestone) => words.name(wayAt(state, way).banner_tag);
  const at = (milestone: Milestone | null) =>
    milestone && `${String(milestone.at).padStart(15, "0")} ${dateOf(milestone.date)} ${tagOf(milestone)}`;
  const pairName = (key: number) =>
    unpair(key)
      .map((code) => words.name(code))
      .join(" ");
  const { visit, registration, deposit, second_deposit, third_deposit } = state.milestones;
  return {
    player_id: person.startsWith("\u001f") ? null : person,
    first_seen: state.first_at,
    last_event_at: state.at,
    total_events: state.total,
    first_touch: at(state.first_touch),
    last_touch: at(state.last_touch),
    visit: at(visit),
    registration: at(registration),
    deposit: at(deposit),
    second_deposit: at(second_deposit),
    third_deposit: at(third_deposit),
    did: Object.fromEntries([...state.did].map(([key, events]) => [pairName(key), events])),
    money: Object.fromEntries(
      [...state.money].map(([key, { payments, whole, fraction }]) => [pairName(key), [payments, whole, fraction]]),
    ),
  };
}

/** The dates of all events in people's rows. */
export async function keptDates(project_id: string): Promise<number[]> {
  const read = async <Row>(text: string) => (await home.DB.prepare(text).bind(project_id).all<Row>()).results;
  const rows = await read<{ recent: string }>(
    "SELECT recent FROM people WHERE project_id = ?1 UNION ALL SELECT recent FROM people_past WHERE project_id = ?1",
  );
  const pages = await read<{ body: string }>("SELECT body FROM visitor_pages WHERE project_id = ?1");
  return [...rows, ...pages.flatMap(({ body }) => [...readPage(body).values()])].flatMap(({ recent }) =>
    readEvents(recent).map(({ date }) => date),
  );
}
