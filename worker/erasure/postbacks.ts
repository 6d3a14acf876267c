/**
 * Removes the postbacks of a person, and what was sent: nothing more is sent about the person, and waiting postbacks of
 * networks become no event. In other people's postbacks, mentions of the person are removed.
 */

import { type SQL, sql } from "drizzle-orm";
import type { Database } from "../store/database.ts";
import { among } from "../store/sql.ts";
import type { Change, Piece, Work } from "./job.ts";
import type { Person } from "./names.ts";
import { overwrite } from "./overwrite.ts";

const AT_ONCE = 1_000;
const PAGE = 500;

const targets = (project_id: string) => sql`(SELECT id FROM postback_targets WHERE project_id = ${project_id})`;

export async function ownPostbacks({ db, job, person }: Work): Promise<Piece> {
  const ofProject = sql`target_id IN ${targets(job.project_id)}
    AND person ${among(person.persons.keys())}`;
  const tables = [
    ["postbacks", "event_id"],
    ["postback_tries", "n"],
  ] as const;
  for (const [table, key] of tables) {
    const rows = await db.values<[string, string | number]>(
      sql`SELECT target_id, ${sql.raw(key)} FROM ${sql.raw(table)} WHERE ${ofProject} LIMIT ${AT_ONCE}`,
    );
    if (rows.length === 0) continue;
    const change = sql`DELETE FROM ${sql.raw(table)} WHERE (target_id, ${sql.raw(key)}) IN (
      SELECT value ->> 0, value ->> 1 FROM json_each(${JSON.stringify(rows)}))`;
    return { changes: [{ change, found: "postbacks" }], place: true };
  }
  const received = await receivedOf(db, job.project_id, person);
  return received.length === 0
    ? { changes: [], place: null }
    : {
        changes: [
          {
            change: sql`DELETE FROM received_postbacks WHERE n ${among(received)}`,
            found: "postbacks",
          },
        ],
        place: true,
      };
}

type Whose = { players: Iterable<string>; visitors: Iterable<string>; actors: Iterable<string> };

/** Waiting postbacks of networks about a person, also those that name only one of the person's clicks. */
export function isReceivedOf(project_id: string, { players, visitors, actors }: Whose): SQL {
  return sql`project_id = ${project_id} AND (player_id ${among(players)} OR visitor_id ${among(visitors)}
    OR click_id IN (SELECT e.click_id FROM events e WHERE e.project_id = ${project_id} AND e.actor ${among(actors)}
      AND e.click_id IS NOT NULL))`;
}

async function receivedOf(db: Database, project_id: string, { persons, players, visitors }: Person): Promise<number[]> {
  const names = { players: players.keys(), visitors: visitors.keys(), actors: persons.keys() };
  const rows = await db.values<[number]>(
    sql`SELECT n FROM received_postbacks WHERE ${isReceivedOf(project_id, names)} LIMIT ${AT_ONCE}`,
  );
  return rows.flat();
}

type Waiting = { n: number; event_id: string; transaction_id: string | null; event: string; said: string | null };

/** Waiting postbacks of other people that mention the person. */
export async function mentioningReceived({ db, job, person: { words } }: Work): Promise<Piece> {
  const rows = await db.all<Waiting>(sql`SELECT n, event_id, transaction_id, event, said FROM received_postbacks
    WHERE project_id = ${job.project_id} AND n > ${(job.place as number | null) ?? 0} ORDER BY n LIMIT ${PAGE}`);
  const mentioned = (text: string | null) => (text === null ? null : words.inOthersText(text));
  const become = ({ event_id, transaction_id, event, said: statusWord }: Waiting) => [
    words.inOthersText(event_id),
    mentioned(transaction_id),
    words.inJson(event, "mentioned"),
    mentioned(statusWord),
  ];
  const changed = rows
    .map((row) => ({
      key: [row.n],
      before: [row.event_id, row.transaction_id, row.event, row.said],
      values: become(row),
    }))
    .filter(({ before, values }) => values.some((value, index) => value !== before[index]));
  const columns = ["event_id", "transaction_id", "event", "said"];
  const changes: Change[] =
    changed.length === 0
      ? []
      : [{ change: overwrite("received_postbacks", ["n"], columns, changed), found: "postbacks" }];
  return { changes, place: rows.at(-1)?.n ?? null };
}

type Logged = {
  target_id: string;
  n: number;
  event_id: string;
  url: string;
  body: string | null;
  response: string;
  error: string | null;
};

/** The text without percent-encoding. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}

/** Ids are replaced as in the log; a request or an answer that mentions the person is removed. */
export async function mentioningPostbacks({ db, job, person: { words } }: Work): Promise<Piece> {
  const [table, target, last] = (job.place as ["postbacks" | "postback_tries", string, string | number] | null) ?? [
    "postbacks",
    "",
    "",
  ];
  const key = table === "postbacks" ? "event_id" : "n";
  const columns = table === "postbacks" ? "target_id, event_id" : "target_id, n, event_id, url, body, response, error";
  const rows = await db.all<Logged>(sql`SELECT ${sql.raw(columns)} FROM ${sql.raw(table)}
    WHERE target_id IN ${targets(job.project_id)} AND (target_id, ${sql.raw(key)}) > (${target}, ${last})
    ORDER BY target_id, ${sql.raw(key)} LIMIT ${PAGE}`);
  const names = (text: string | null) =>
    text !== null && [text, decoded(text)].some((one) => words.inOthersText(one) !== one);
  const renamed = rows.filter((row) => names(row.event_id));
  const texts =
    table === "postbacks"
      ? []
      : rows.filter(({ url, body, response, error }) => [url, body, response, error].some(names));
  const keyOf = (row: Logged) => [row.target_id, row[key]];
  const changes: Change[] = [
    ...(texts.length === 0
      ? []
      : [
          {
            change: overwrite(
              table,
              ["target_id", key],
              ["url", "body", "response", "error"],
              texts.map((row) => ({ key: keyOf(row), values: ["", null, "", null] })),
            ),
            found: "postbacks" as const,
          },
        ]),
    ...(renamed.length === 0
      ? []
      : [
          {
            change: overwrite(
              table,
              ["target_id", key],
              ["event_id"],
              renamed.map((row) => ({ key: keyOf(row), values: [words.inOthersText(row.event_id)] })),
            ),
            found: "postbacks" as const,
          },
        ]),
  ];
  const end = rows.at(-1);
  if (end) return { changes, place: [table, end.target_id, end[key]] };
  return { changes, place: table === "postbacks" ? ["postback_tries", "", 0] : null };
}
