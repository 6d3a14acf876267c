/** Erasure in the stores other than the log and the tables of people: each function does one of them. */

import { type SQL, sql } from "drizzle-orm";
import type { StoredEvent } from "../event.ts";
import { moved } from "../store/places.ts";
import { among } from "../store/sql.ts";
import type { Change, Piece, Store, Work } from "./job.ts";
import { GONE } from "./log.ts";
import { type Person, VISITOR } from "./names.ts";
import { overwrite, type Rewrite } from "./overwrite.ts";
import { renamed } from "./people.ts";

const PAGE = 2_000;

const named = (texts: SQL, { words }: Person) =>
  sql`EXISTS (SELECT 1 FROM json_each(${JSON.stringify(words.needles)}) w WHERE instr(lower(${texts}), w.value) > 0)`;

/** The store in whose count the rows of a table are included, if the table has no count. */
const FOUND_AS = { conversion_changes: "conversions", annotations: "audit" } as const;

const changed = (
  table: Store | keyof typeof FOUND_AS,
  key: string[],
  columns: string[],
  rows: (Rewrite & { before: unknown[] })[],
): Change[] => {
  const different = rows.filter(({ before, values }) => values.some((value, index) => value !== before[index]));
  const found = table in FOUND_AS ? FOUND_AS[table as keyof typeof FOUND_AS] : (table as Store);
  return different.length === 0 ? [] : [{ change: overwrite(table, key, columns, different), found }];
};

type Transaction = { event_type: string; transaction_id: string; trusted: number; event_id: string };

/** Transactions whose event has left the log; the others were renamed with their event. */
export async function transactions({ db, job, person }: Work): Promise<Piece> {
  const [type, id, trust] = (job.place as [string, string, number] | null) ?? ["", "", 0];
  const page = sql`SELECT * FROM transactions
    WHERE project_id = ${job.project_id} AND (event_type, transaction_id, trusted) > (${type}, ${id}, ${trust})
    ORDER BY event_type, transaction_id, trusted LIMIT ${PAGE}`;
  const [last, rows] = await Promise.all([
    db.get<Transaction>(
      sql`SELECT * FROM (${page}) ORDER BY event_type DESC, transaction_id DESC, trusted DESC LIMIT 1`,
    ),
    db.all<Transaction>(sql`SELECT * FROM (${page}) t
      WHERE ${named(sql`concat_ws(char(31), t.transaction_id, t.event_id)`, person)}`),
  ]);
  const key = ["project_id", "event_type", "transaction_id", "trusted"];
  const changes = changed(
    "transactions",
    key,
    ["transaction_id", "event_id"],
    rows.map(({ event_type, transaction_id, trusted, event_id }) => ({
      key: [job.project_id, event_type, transaction_id, trusted],
      before: [transaction_id, event_id],
      values: [person.words.inOthersText(transaction_id), person.words.inOthersText(event_id)],
    })),
  );
  return { changes, place: last ? [last.event_type, last.transaction_id, last.trusted] : null };
}

/** Pages of ids that one piece searches; ids without a page that it searches are as many as rows of other tables. */
const ID_PAGES = 50;
const FORMS = ["retired_events", "log_ids", "log_id_pages"] as const;
type IdPlace = [form: (typeof FORMS)[number], after: string];

/** Ids of events that have left the log: the others were renamed with their event. */
export async function retiredEvents(work: Work): Promise<Piece> {
  const [form, after] = (work.job.place as IdPlace | null) ?? [FORMS[0], ""];
  const { changes, last } = await SEARCHES[form](work, after);
  const next = FORMS[FORMS.indexOf(form) + 1];
  return { changes, place: last !== null ? [form, last] : next === undefined ? null : [next, ""] };
}

type Searched = { changes: Change[]; last: string | null };
const SEARCHES: Record<(typeof FORMS)[number], (work: Work, after: string) => Promise<Searched>> = {
  retired_events: async ({ db, job, person }, after) => {
    const page = sql`SELECT DISTINCT event_id FROM retired_events
      WHERE project_id = ${job.project_id} AND event_id > ${after} ORDER BY event_id LIMIT ${PAGE}`;
    const [last, rows] = await Promise.all([
      db.get<{ event_id: string | null }>(sql`SELECT max(event_id) AS event_id FROM (${page})`),
      db.values<[string]>(sql`SELECT event_id FROM (${page}) r WHERE ${named(sql`r.event_id`, person)}`),
    ]);
    const changes = changed(
      "retired_events",
      ["project_id", "event_id"],
      ["event_id"],
      rows.map(([id]) => ({ key: [job.project_id, id], before: [id], values: [person.words.inOthersText(id)] })),
    );
    return { changes, last: last?.event_id ?? null };
  },
  log_ids: async (work, after) => {
    const { db, job, person } = work;
    const page = sql`SELECT event_id, place FROM log_ids
      WHERE project_id = ${job.project_id} AND event_id > ${after} ORDER BY event_id LIMIT ${PAGE}`;
    const [last, rows] = await Promise.all([
      db.get<{ event_id: string | null }>(sql`SELECT max(event_id) AS event_id FROM (${page})`),
      db.all<FiledId>(sql`SELECT event_id, place FROM (${page}) r WHERE ${named(sql`r.event_id`, person)}`),
    ]);
    return { changes: await renamedIds(work, rows), last: last?.event_id ?? null };
  },
  log_id_pages: async (work, after) => {
    const { db, job, person } = work;
    const page = sql`SELECT first, ids FROM log_id_pages
      WHERE project_id = ${job.project_id} AND first > ${after} ORDER BY first LIMIT ${ID_PAGES}`;
    const [last, rows] = await Promise.all([
      db.get<{ first: string | null }>(sql`SELECT max(first) AS first FROM (${page})`),
      db.all<FiledId>(sql`SELECT x.key AS event_id, x.value AS place FROM (${page}) r CROSS JOIN json_each(r.ids) x
        WHERE ${named(sql`r.ids`, person)} AND ${named(sql`x.key`, person)}`),
    ]);
    return { changes: await renamedIds(work, rows), last: last?.first ?? null };
  },
};

type FiledId = { event_id: string; place: number };

async function renamedIds({ db, job, person }: Work, ids: readonly FiledId[]): Promise<Change[]> {
  const all = ids
    .map(({ event_id, place }) => ({ from: event_id, to: person.words.inOthersText(event_id), place }))
    .filter(({ from, to }) => from !== to);
  if (all.length === 0) return [];
  const seqs = all.map(({ place }) => Math.floor(place / 4));
  const present = await db.values<[number]>(sql`SELECT seq FROM events WHERE seq ${among(seqs)}`);
  const inTheLog = new Set(present.flat());
  const gone = all.filter(({ place }) => !inTheLog.has(Math.floor(place / 4)));
  return [
    ...moved(job.project_id, gone).map((change) => ({ change })),
    ...(gone.length === 0 ? [] : [{ found: "retired_events" as const, total: gone.length }]),
  ];
}

/** Ids of other people's events, and the reasons that were given for changes. */
export async function conversions({ db, job, person: { words } }: Work): Promise<Piece> {
  const [table, from, from_n] = (job.place as ["conversions" | "conversion_changes", number, number] | null) ?? [
    "conversions",
    0,
    0,
  ];
  const isChange = table === "conversion_changes";
  const [key, column] = isChange ? [["seq", "n"], "reason"] : [["seq"], "event_id"];
  const rows = await db.all<{
    seq: number;
    n: number;
    text: string;
  }>(sql`SELECT seq, ${sql.raw(isChange ? "n" : "0 AS n")},
      ${sql.raw(column)} AS text FROM ${sql.raw(table)}
    WHERE project_id = ${job.project_id} AND (seq, ${sql.raw(isChange ? "n" : "1")}) > (${from}, ${from_n})
    ORDER BY seq, 2 LIMIT ${PAGE}`);
  const changes = changed(
    table,
    key,
    [column],
    rows.map(({ seq, n, text }) => ({
      key: isChange ? [seq, n] : [seq],
      before: [text],
      values: [words.inOthersText(text)],
    })),
  );
  const last = rows.at(-1);
  if (last) return { changes, place: [table, last.seq, isChange ? last.n : 1] };
  return { changes, place: isChange ? null : ["conversion_changes", 0, 0] };
}

type Letter = { id: number; event_id: string | null; event: string; error: string };

/** A dead letter of the person is rewritten like an event of the log, so it can still be replayed and counted. */
function erasedLetter(person: Person, { event_id, event, error }: Letter): [string | null, string, string] {
  const { words } = person;
  let stored: Partial<StoredEvent> = {};
  try {
    stored = (JSON.parse(event) ?? {}) as Partial<StoredEvent>;
  } catch {}
  const { player_id = null, visitor_id = null } = stored;
  const who = player_id ?? (visitor_id === null ? null : VISITOR + visitor_id);
  if (event_id === null || who === null || !person.persons.has(who)) {
    return [event_id && words.inOthersText(event_id), words.inJson(event, "mentioned"), words.inOthersText(error)];
  }
  const names = {
    player_id: renamed(person, "player_id", player_id),
    visitor_id: renamed(person, "visitor_id", visitor_id),
  };
  const scrubbed = JSON.stringify({ ...stored, ...GONE, ...names });
  return [words.inOwnText(event_id), words.inJson(scrubbed, "own"), words.inOwnText(error)];
}

export async function deadLetters({ db, job, person }: Work): Promise<Piece> {
  const from = (job.place as number | null) ?? 0;
  const rows = await db.all<Letter>(sql`SELECT id, event_id, event, error FROM dead_letters
    WHERE id > ${from} AND (project_id IS NULL OR project_id = ${job.project_id}) ORDER BY id LIMIT ${PAGE / 10}`);
  const changes = changed(
    "dead_letters",
    ["id"],
    ["event_id", "event", "error"],
    rows.map((row) => ({
      key: [row.id],
      before: [row.event_id, row.event, row.error],
      values: erasedLetter(person, row),
    })),
  );
  return { changes, place: rows.at(-1)?.id ?? null };
}

type Entry = { id: number; subject: string; details: string };

export async function audit({ db, job, person }: Work): Promise<Piece> {
  const from = (job.place as number | null) ?? 0;
  const rows = await db.all<Entry>(sql`SELECT id, subject, details FROM audit
    WHERE id > ${from} AND (project_id IS NULL OR project_id = ${job.project_id}) ORDER BY id LIMIT ${PAGE}`);
  const { words, persons } = person;
  const changes = changed(
    "audit",
    ["id"],
    ["subject", "details"],
    rows.map(({ id, subject, details }) => ({
      key: [id],
      before: [subject, details],
      values: [persons.get(subject) ?? words.inOthersText(subject), words.inJson(details, "mentioned")],
    })),
  );
  const last = rows.at(-1);
  return last ? { changes, place: last.id } : { changes: await notes({ db, job, person }), place: null };
}

/** Annotations: few, so they are read at once. */
async function notes({ db, job, person }: Pick<Work, "db" | "job" | "person">): Promise<Change[]> {
  const rows = await db.values<[string, string]>(sql`SELECT annotation_id, text FROM annotations n
    WHERE project_id = ${job.project_id} AND ${named(sql`n.text`, person)}`);
  return changed(
    "annotations",
    ["annotation_id"],
    ["text"],
    rows.map(([id, text]) => ({ key: [id], before: [text], values: [person.words.inOthersText(text)] })),
  );
}

/** The key of a request to a Durable Object: a repeated request with the same key is counted once. */
const token = ({ job }: Work) => `${job.id} ${job.pass}`;

export async function requests(work: Work): Promise<Piece> {
  const log = work.env.REQUEST_LOG.getByName(work.job.project_id);
  const total = await log.erase(token(work), work.person.words.pattern);
  return { changes: [{ found: "requests", total }], place: null };
}

export async function live(work: Work): Promise<Piece> {
  const counters = work.env.LIVE.getByName(work.job.project_id);
  const total = await counters.forget(
    token(work),
    [...work.person.players.keys()],
    work.person.words.pattern,
    work.now,
    [...work.person.persons.keys()],
  );
  return { changes: [{ found: "live", total }], place: null };
}
