/** The log: the person's events lose personal fields and get new names; other people's events lose what mentions the person. */
import { type SQL, sql } from "drizzle-orm";
import { LOG_COLUMNS, type LoggedRow, PERSONAL_COLUMNS, type PersonalColumn } from "../log-columns.ts";
import { moved, places } from "../store/places.ts";
import { among } from "../store/sql.ts";
import type { Change, Piece, Work } from "./job.ts";
import { type Person, VISITOR } from "./names.ts";
import { overwrite } from "./overwrite.ts";
import { renamed } from "./people.ts";

/** Events that one transaction rewrites, and events that one query searches. */
const AT_ONCE = 500;
const SCAN = 5_000;

/** Personal columns that the person's events keep in part: with new names, or as far as a figure needs them. */
const KEPT_IN_PART = [
  "player_id",
  "visitor_id",
  "event_id",
  "transaction_id",
  "duplicate_of",
  "score",
] as const satisfies readonly PersonalColumn[];
type Gone = Exclude<PersonalColumn, (typeof KEPT_IN_PART)[number]>;
const includes = (list: readonly string[], name: string) => list.includes(name);

/** The columns that an event of the person loses. */
export const GONE = Object.fromEntries(
  PERSONAL_COLUMNS.filter((name) => !includes(KEPT_IN_PART, name)).map((name) => [name, null]),
) as Record<Gone, null>;

/**
 * The columns in which other people's events may mention the person: those that senders wrote, not those that the server
 * added.
 */
const SEEN = ["browser", "os", "source_ip"];
type Text = {
  [Name in PersonalColumn]: (typeof LOG_COLUMNS)[Name][0] extends "text" ? Name : never;
}[PersonalColumn];
const isText = (name: PersonalColumn): name is Text => LOG_COLUMNS[name][0] === "text";
const TEXTS = PERSONAL_COLUMNS.filter(isText).filter((name) => !includes([...SEEN, "player_id", "visitor_id"], name));
const SEARCHED = sql.raw([...TEXTS, "data"].map((name) => `e.${name}`).join(", "));

type Columns = Pick<LoggedRow, PersonalColumn>;
export type LoggedEvent = Columns & Pick<LoggedRow, "seq" | "event_type" | "trusted">;
/** An event that is still in the log, with its standing. */
type Present = LoggedEvent & { standing: number };
const SELECTED = sql.raw(
  ["seq", "event_type", "trusted", "standing", ...PERSONAL_COLUMNS].map((name) => `e.${name}`).join(", "),
);

/** The score that a leaderboard takes from `data` where `score` is absent: it is kept. */
function scoreOf({ score, data }: LoggedEvent): number | null {
  if (score !== null || data === null) return score;
  const given = (JSON.parse(data) as { score?: unknown }).score;
  return Number.isSafeInteger(given) ? (given as number) : null;
}

function eraseOwn(person: Person, event: LoggedEvent): Columns {
  const { words } = person;
  const id = (text: string | null) => (text === null ? null : words.inOwnText(text));
  return {
    ...GONE,
    player_id: renamed(person, "player_id", event.player_id),
    visitor_id: renamed(person, "visitor_id", event.visitor_id),
    event_id: words.inOwnText(event.event_id),
    transaction_id: id(event.transaction_id),
    duplicate_of: id(event.duplicate_of),
    score: scoreOf(event),
  };
}

function eraseMentions(person: Person, event: LoggedEvent, ids: ReadonlySet<string>): Columns {
  const { words } = person;
  const text = (value: string | null) => (value === null ? null : words.inOthersText(value));
  const reference = event.duplicate_of === null ? null : words.inOwnText(event.duplicate_of);
  const texts = Object.fromEntries(TEXTS.map((name) => [name, text(event[name])])) as Pick<Columns, Text>;
  return {
    ...event,
    ...texts,
    player_id: renamed(person, "player_id", event.player_id),
    visitor_id: renamed(person, "visitor_id", event.visitor_id),
    // An event of the person was renamed more thoroughly, so references to it get the same new id.
    duplicate_of: reference !== null && ids.has(reference) ? reference : text(event.duplicate_of),
    data: event.data === null ? null : words.inJson(event.data, "mentioned"),
  };
}

/** An event of the archive: the log may no longer have it, or the event that it refers to. */
export function scrubbed(person: Person, event: LoggedEvent, ids: ReadonlySet<string>): Columns {
  const actor = event.player_id ?? VISITOR + event.visitor_id;
  return person.persons.has(actor) ? eraseOwn(person, event) : eraseMentions(person, event, ids);
}

/** Rewrites the events, their ids in pages, and the transactions that they hold. */
function rewritten(project_id: string, pairs: { event: Present; becomes: Columns }[]): SQL[] {
  const statements = [
    overwrite(
      "events",
      ["seq"],
      PERSONAL_COLUMNS,
      pairs.map(({ event, becomes }) => ({ key: [event.seq], values: PERSONAL_COLUMNS.map((name) => becomes[name]) })),
    ),
    ...moved(
      project_id,
      pairs.flatMap(({ event, becomes }) => {
        if (event.event_id === becomes.event_id) return [];
        return [{ from: event.event_id, to: becomes.event_id, place: event.seq * 4 + event.standing }];
      }),
    ),
  ];
  const taken = pairs.filter(
    ({ event, becomes }) =>
      event.transaction_id !== null &&
      (event.transaction_id !== becomes.transaction_id || event.event_id !== becomes.event_id),
  );
  if (taken.length === 0) return statements;
  const key = ["project_id", "event_type", "trusted", "transaction_id"];
  return [
    ...statements,
    overwrite(
      "transactions",
      key,
      ["transaction_id"],
      taken.map(({ event, becomes }) => ({
        key: [project_id, event.event_type, event.trusted, event.transaction_id],
        values: [becomes.transaction_id],
      })),
    ),
    overwrite(
      "transactions",
      [...key, "event_id"],
      ["event_id"],
      taken.map(({ event, becomes }) => ({
        key: [project_id, event.event_type, event.trusted, becomes.transaction_id, event.event_id],
        values: [becomes.event_id],
      })),
    ),
  ];
}

const unlike = ({ event, becomes }: { event: LoggedEvent; becomes: Columns }) =>
  PERSONAL_COLUMNS.some((name) => event[name] !== becomes[name]);

/** The person's events, by the index of actors. An event with its new name is not found again, so no place is kept. */
export async function personsOwnEvents({ db, job, person }: Work): Promise<Piece> {
  const events = await db.all<Present>(sql`SELECT ${SELECTED} FROM events e
    WHERE e.project_id = ${job.project_id} AND e.actor ${among(person.persons.keys())} AND e.seq <= ${job.names.head}
    LIMIT ${AT_ONCE}`);
  if (events.length === 0) return { changes: [], place: null };
  const [change, ...others] = rewritten(
    job.project_id,
    events.map((event) => ({ event, becomes: eraseOwn(person, event) })),
  );
  return {
    changes: [{ change: change as SQL, found: "events" }, ...others.map((one) => ({ change: one }))],
    place: true,
  };
}

/** Other players' events with a shared visitor that decided which player the visitor is. */
export async function decidingEvents(work: Work): Promise<Piece> {
  const { db, job, person } = work;
  const events = await db.all<Present>(sql`SELECT ${SELECTED} FROM identities i JOIN events e ON e.seq = i.seq
    WHERE i.project_id = ${job.project_id} AND i.visitor_id ${among(person.visitors.keys())}
      AND e.visitor_id = i.visitor_id LIMIT ${AT_ONCE}`);
  return { changes: await changeMentions(work, events), place: events.length === 0 ? null : true };
}

/** Those of these ids which, renamed as the person's are, belong to events of the log: these were the person's. */
export async function renamedIds({ db, job, person }: Work, references: (string | null)[]): Promise<Set<string>> {
  const renamedReferences = references.flatMap((id) =>
    id === null || person.words.inOwnText(id) === id ? [] : [person.words.inOwnText(id)],
  );
  if (renamedReferences.length === 0) return new Set();
  const known = await db.values<[string]>(
    sql`WITH g (project_id, event_id) AS MATERIALIZED (
        SELECT ${job.project_id}, value FROM json_each(${JSON.stringify(renamedReferences)})
      ), ${places("known", "g")}
      SELECT event_id FROM events WHERE seq IN (SELECT place / 4 FROM known)`,
  );
  return new Set(known.map(([id]) => id));
}

async function changeMentions(work: Work, events: Present[]): Promise<Change[]> {
  const { job, person } = work;
  const ids = await renamedIds(
    work,
    events.map((event) => event.duplicate_of),
  );
  const pairs = events.map((event) => ({ event, becomes: eraseMentions(person, event, ids) })).filter(unlike);
  if (pairs.length === 0) return [];
  const [change, ...others] = rewritten(job.project_id, pairs);
  return [{ change: change as SQL, found: "mentions" }, ...others.map((one) => ({ change: one }))];
}

/** Searches the log, from `after` up to `upTo`. */
async function scan(work: Work, after: number, upTo: number): Promise<Piece> {
  const { db, job, person } = work;
  const from = Math.max(after, (job.place as number | null) ?? 0);
  const end = Math.min(upTo, from + SCAN);
  if (from >= end) return { changes: [], place: null };
  // The LIMIT prevents SQLite from building the text again for each word.
  const events = await db.all<Present>(sql`SELECT ${SELECTED} FROM (
      SELECT e.*, lower(concat_ws(char(31), ${SEARCHED})) AS texts FROM events e NOT INDEXED
      WHERE e.seq > ${from} AND e.seq <= ${end} AND e.project_id = ${job.project_id} LIMIT ${SCAN}) e
    WHERE e.visitor_id ${among(person.visitors.keys())}
      OR EXISTS (SELECT 1 FROM json_each(${JSON.stringify(person.words.needles)}) w WHERE instr(e.texts, w.value) > 0)`);
  return {
    changes: await changeMentions(work, events),
    place: end < upTo ? end : null,
  };
}

/** Events that `identities` or the figures have not read yet: they must not read a name that means nobody any more. */
export const unreadEvents = (work: Work) => scan(work, work.job.names.identified, work.job.names.head);
/** All other events that no earlier pass has searched. */
export const earlierEvents = (work: Work) => scan(work, work.job.names.scanned, work.job.names.identified);
