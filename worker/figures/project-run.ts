/** The run of one project: it assigns new events to people, and collects the changes of their rows and figures. */

import { Changes } from "./changes.ts";
import { goOn, recount, type Sizes, type Written } from "./chunks.ts";
import type { Numbered, ProjectLog } from "./counted-event.ts";
import { type Edit, Edits, newLinks, personEvent, personOf } from "./edits.ts";
import type { Rules } from "./fold.ts";
import { countOutcome, countSuperseded } from "./outcomes.ts";
import { People } from "./people.ts";
import type { History, HistoryAsked } from "./people-reader.ts";
import { inOrder, type PersonEvent } from "./person-event.ts";
import { type Link, stateOf, visitorOf } from "./person-row.ts";
import { NO_FILTERS, type Scope } from "./scopes.ts";
import { canCount } from "./segment.ts";
import { behindSettled, countSettled, type Forgotten, forgetEvents, type StoredChunk } from "./settled.ts";
import { noState, type State } from "./state.ts";
import { readState } from "./state-text.ts";
import { compareText } from "./text-order.ts";
import { Words } from "./words.ts";

/** The changes of a person: new rows or none, and the closed chunks to delete. */
export type PersonWrite = { person: string; written: Written | null; reopened: number[] };

export class ProjectRun {
  readonly project_id: string;
  readonly people = new People();
  readonly changes = new Changes();
  readonly edits = new Edits();
  links: ReadonlyMap<string, Link> = new Map();
  rules: Rules = { words: new Words(), attribution_days: 0, scopes: NO_FILTERS };
  /** Filters whose past is being counted: only the people before a place count in their scopes. */
  unfilled: readonly { scope: Scope; place: string }[] = [];
  /** Days before this one are settled, in days since 1970; 0 where none is settled. */
  settled = 0;
  readonly #log: ProjectLog;
  readonly #after: number;
  readonly #again: readonly string[];
  /** Events that had counted and no longer count, by their seq. */
  readonly #superseded: ReadonlyMap<number, Numbered>;
  readonly #states = new Map<string, State>();
  readonly #histories = new Map<string, History>();

  /** `after` is the seq of the last event that has been counted; `again` are people to count again because the window has changed. */
  constructor(log: ProjectLog, after: number, again: readonly string[] = []) {
    this.project_id = log.project_id;
    this.#log = log;
    this.#after = after;
    this.#again = again;
    const counted = log.superseded.filter(({ event }) => canCount(event) && event.duplicate_of === null);
    this.#superseded = new Map(counted.map((one) => [one.seq, one]));
  }

  /** All people whom the events name or who are counted again. */
  names(): string[] {
    const names = new Set<string>(this.#again);
    for (const { event } of [...this.#log.events, ...this.#log.superseded]) {
      if (!canCount(event)) continue;
      if (event.player_id !== null) names.add(event.player_id);
      if (event.visitor_id !== null) names.add(visitorOf(event.visitor_id));
    }
    return [...names];
  }

  /** The players whom these visitors belong to and who have not been read yet. */
  linkedPlayers(): string[] {
    const players = new Set<string>();
    for (const { link } of this.people.rows.values())
      if (link && !this.people.rows.has(link.player_id)) players.add(link.player_id);
    return [...players];
  }

  /** The people who have events. */
  everybody(): string[] {
    const people = new Set<string>();
    for (const [name, { link }] of this.people.rows) people.add(link?.player_id ?? name);
    return [...people].filter((person) => this.people.withEvents(person) !== undefined);
  }

  /** A person's chunks without the events of settled days. */
  forget(person: string, chunks: readonly StoredChunk[]): Forgotten | null {
    return forgetEvents(this.#state(person), chunks, this.settled, this.#countedBy(person));
  }

  /** Finds which visitors belong to which players now, and the histories that this needs. */
  link(): HistoryAsked[] {
    this.links = newLinks(this.#log.events, (visitor) => this.people.linkOf(visitor));
    const sources = new Set(this.#moves().map(({ visitor, before }) => before ?? visitor));
    return [...sources].flatMap((person) => this.#ask(person, 0));
  }

  /** Finds the events that change person, that no longer count, and that are new; and the histories that they need. */
  edit(sources: ReadonlyMap<HistoryAsked, History>): HistoryAsked[] {
    this.#take(sources);
    for (const move of this.#moves()) this.#move(move);
    const removedAt = this.#remove();
    this.#add();
    for (const person of this.#again) if (this.#hasOldWindow(person)) this.edits.editOf(person);
    return [...this.edits].flatMap(([person, { added, removed }]) => {
      added.sort(inOrder);
      const from = Math.min(
        added[0]?.at ?? Number.POSITIVE_INFINITY,
        removedAt.get(person) ?? Number.POSITIVE_INFINITY,
      );
      // After a change of the window all of the person's counts are replaced.
      const changed = this.#hasOldWindow(person);
      const isLate = changed || removed.size > 0 || from <= this.#state(person).at;
      // The events of settled days leave a history, so all of it is written again.
      const all = changed || this.settled > 0;
      return isLate && !this.#histories.has(person) ? this.#ask(person, all ? 0 : from) : [];
    });
  }

  /** Counts all people who change. */
  count(late: ReadonlyMap<HistoryAsked, History>, sizes: Sizes): PersonWrite[] {
    this.#take(late);
    return [...this.edits].map(([person, edit]) => {
      const history = this.#histories.get(person);
      if (!history) {
        const written = goOn(this.#state(person), edit.added, this.#rulesOf(person), this.changes, sizes);
        return { person, written, reopened: [] };
      }
      for (const { seq } of history.events) if (edit.removed.has(seq)) this.#countSuperseded(seq);
      const events = edited(history.events, { ...edit, added: this.#behind(person, history.head, edit.added) });
      const [before, rules] = [this.#countedBy(person), this.#rulesOf(person)];
      const written = recount(history.head, history.events, events, before, rules, this.changes, sizes);
      return { person, written, reopened: history.closed };
    });
  }

  /** Events after the beginning of a history; the others are of settled days, and are counted without it. */
  #behind(person: string, head: string, added: readonly PersonEvent[]): PersonEvent[] {
    const state = readState(head);
    if (state.total === 0) return [...added];
    const [settled, behind] = [added.filter(({ at }) => at <= state.at), added.filter(({ at }) => at > state.at)];
    for (const event of settled) countSettled(event, state, this.#rulesOf(person), this.changes);
    return behind;
  }

  /** The rules that a person was counted with. */
  #countedBy(person: string): Rules {
    return { ...this.#rulesOf(person), attribution_days: this.#state(person).attribution_days };
  }

  /** Visitors who belong to another person than before. */
  #moves(): Move[] {
    return [...this.links].flatMap(([visitor, { player_id }]) => {
      const before = this.people.linkOf(visitor);
      return before?.player_id === player_id ? [] : [{ visitor, player_id, before: before?.player_id ?? null }];
    });
  }

  #move({ visitor, player_id, before }: Move): void {
    const source = before ?? visitor;
    const history = this.#histories.get(source);
    if (!history) return;
    const visitor_id = visitor.slice(1);
    if (before === null) this.edits.editOf(source).gone = true;
    else this.edits.editOf(source).lost.add(visitor_id);
    const moving = history.events.filter(
      (event) => (before === null || event.visitor_id === visitor_id) && !this.#superseded.has(event.seq),
    );
    this.edits.editOf(player_id).added.push(...moving);
  }

  /** For each person who loses an event to a trusted one, the time of the first such event. */
  #remove(): Map<string, number> {
    const removedAt = new Map<string, number>();
    for (const { seq, event } of this.#superseded.values()) {
      const person = personOf(event, (visitor) => this.people.linkOf(visitor));
      if (seq > this.#after || !this.people.withEvents(person)) continue;
      this.edits.editOf(person).removed.add(seq);
      removedAt.set(person, Math.min(event.timestamp, removedAt.get(person) ?? event.timestamp));
    }
    return removedAt;
  }

  #add(): void {
    const link = (visitor: string) => this.links.get(visitor) ?? this.people.linkOf(visitor);
    for (const one of this.#log.events) {
      const { seq, event } = one;
      countOutcome(this.changes, event, this.rules.words);
      if (this.#superseded.has(seq)) this.#countSuperseded(seq);
      else if (canCount(event) && event.duplicate_of === null)
        this.edits.editOf(personOf(event, link)).added.push(personEvent(one, this.rules.words));
    }
  }

  #countSuperseded(seq: number): void {
    const superseded = this.#superseded.get(seq);
    if (superseded) countSuperseded(this.changes, superseded.event);
  }

  #rulesOf(person: string): Rules {
    const passed = this.unfilled.filter(({ place }) => compareText(person, place) < 0);
    if (passed.length === 0) return this.rules;
    return { ...this.rules, scopes: [...this.rules.scopes, ...passed.map(({ scope }) => scope)] };
  }

  #hasOldWindow(person: string): boolean {
    const { total, attribution_days } = this.#state(person);
    return total > 0 && attribution_days !== this.rules.attribution_days;
  }

  #state(person: string): State {
    const known = this.#states.get(person);
    if (known) return known;
    const stored = this.people.withEvents(person);
    const state = stored ? stateOf(stored.row, this.rules) : noState();
    this.#states.set(person, state);
    return state;
  }

  #ask(person: string, from: number): HistoryAsked[] {
    if (!this.people.withEvents(person)) return [];
    const { project_id, people } = this;
    return [{ project_id, people, person, from, closed_at: this.#state(person).closed_at }];
  }

  #take(histories: ReadonlyMap<HistoryAsked, History>): void {
    for (const [{ people, person }, history] of histories)
      if (people === this.people)
        this.#histories.set(person, { ...history, ...behindSettled(history, this.settled, this.#countedBy(person)) });
  }
}

type Move = { visitor: string; player_id: string; before: string | null };

/** A history after an edit, in order. */
const edited = (events: readonly PersonEvent[], { added, removed, lost, gone }: Edit): PersonEvent[] =>
  gone
    ? []
    : [...events.filter(({ seq, visitor_id }) => !removed.has(seq) && !lost.has(visitor_id)), ...added].sort(inOrder);
