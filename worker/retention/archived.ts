/**
 * Removes archived events that are older than their projects want; events with an amount have a separate setting. A pass
 * reads the files that may have such events once, for all projects together; other projects' events stay in them.
 */

import { sql } from "drizzle-orm";
import { DamagedFile } from "../archive/bucket.ts";
import { at } from "../archive/columns.ts";
import { type ArchiveFile, liveFiles, lostTurn, retire } from "../archive/files.ts";
import type { Row } from "../archive/parquet.ts";
import { firstHourOf } from "../archive/partition.ts";
import { readLive, replace } from "../archive/rewrite.ts";
import { sweep } from "../archive/sweep.ts";
import { addDays } from "../calendar.ts";
import { log } from "../log.ts";
import type { Database } from "../store/database.ts";
import type { Retention } from "../store/schema.ts";
import { DAY_MS, utcDate } from "../time.ts";
import { type Due, dueBy, type Place, recordSwept, type Steps, type Swept, type Work } from "./keeping.ts";

/** Archived events by class: the setting that tells how long. */
const SETTINGS = { archive: "archive_days", purchases: "purchases_days" } as const satisfies Record<
  string,
  keyof Retention
>;
type Class = keyof typeof SETTINGS;
const CLASSES = Object.keys(SETTINGS) as Class[];

const PROJECT = at("project_id");
const DATE = at("event_date");
const AMOUNT = at("amount");
const classOf = (row: Row): Class => (row[AMOUNT] === null ? "archive" : "purchases");

/** The setting of a project when the pass began; hours from `first` on have not been searched for it. */
type Wish = Due & { class: Class; first: number };
export type Pass = {
  began_at: number;
  /** When the earlier pass began: newer files of old hours are searched, too. */
  since: number;
  wishes: Wish[];
  /** The hour that is being searched, and its files that were searched already. */
  hour: number;
  seen: string[];
  /** Whether a file could not be read: then nothing is noted as removed, and it is tried again the next day. */
  failed: boolean;
  ended: boolean;
};

const dayOf = (now: number) => utcDate(now);

const wishesOf = (keeping: Work["keeping"], now: number) =>
  CLASSES.flatMap((name) => dueBy(keeping, SETTINGS[name], now).map((due) => ({ ...due, class: name })));

/**
 * Begins a pass where something is due: for each setting the hours that no pass has searched. A day begins up to 14 hours
 * before the same day in UTC.
 */
async function begin(
  db: Database,
  asked: Omit<Wish, "first">[],
  before: Pass | null,
  now: number,
): Promise<Pass | null> {
  const found = await db.all<{ n: number; swept_before: string }>(sql`
    SELECT w.key AS n, ifnull(s.swept_before, '') AS swept_before FROM json_each(${JSON.stringify(asked)}) w
    LEFT JOIN sweeps s ON s.project_id = w.value ->> 'project_id' AND s.class = w.value ->> 'class'
    WHERE ifnull(s.swept_before, '') < w.value ->> 'due'`);
  if (found.length === 0) return null;
  const stale = new Map(found.map(({ n, swept_before }) => [n, swept_before]));
  const wishes = asked.map((wish, n) => {
    const swept = stale.get(n);
    const first = swept === undefined ? endOf(wish) : swept === "" ? 0 : firstHourOf(addDays(swept, -1));
    return { ...wish, first };
  });
  return { began_at: now, since: before?.began_at ?? 0, wishes, hour: -1, seen: [], failed: false, ended: false };
}
/** A day ends up to 12 hours after the same day in UTC. */
const endOf = ({ due }: Pick<Wish, "due">) => firstHourOf(addDays(due, 1));

/** Hours that no pass has searched for some setting, as few intervals. */
function intervals(wishes: readonly Wish[]): [first: number, end: number][] {
  const merged: [number, number][] = [];
  const all = wishes.map((wish): [number, number] => [wish.first, endOf(wish)]).sort(([a], [b]) => a - b);
  for (const [first, end] of all) {
    const last = merged.at(-1);
    if (last && first <= last[1]) last[1] = Math.max(last[1], end);
    else merged.push([first, end]);
  }
  return merged;
}

/** The next hour with files to search. A file is noted some time before it is live, at most a day. */
async function nextHour(db: Database, { wishes, hour, since }: Pass): Promise<number | null> {
  const found = await db.get<{ hour: number | null }>(sql`SELECT min(hour) AS hour FROM archive_files
    WHERE state = 'live' AND hour > ${hour} AND (
      EXISTS (SELECT 1 FROM json_each(${JSON.stringify(intervals(wishes))}) i
        WHERE hour >= i.value ->> 0 AND hour < i.value ->> 1)
      OR (created_at >= ${since - DAY_MS} AND hour < ${Math.max(0, ...wishes.map(endOf))}))`);
  return found?.hour ?? null;
}

/** Writes a file again without the events to remove; returns how many were removed by each setting. */
async function clean({ env, db, now }: Work, file: ArchiveFile, pass: Pass, place: Place<Pass>): Promise<number> {
  const due = new Map(pass.wishes.map((wish) => [`${wish.class} ${wish.project_id}`, wish]));
  const wishFor = (row: Row) => {
    const wish = due.get(`${classOf(row)} ${row[PROJECT]}`);
    return wish && (row[DATE] as string) < wish.due ? wish : undefined;
  };
  const going: Wish[] = [];
  for await (const rows of readLive(env, db, file)) going.push(...rows.flatMap((row) => wishFor(row) ?? []));
  const next = { ...pass, seen: [...pass.seen, file.key] };
  if (going.length === 0) {
    await place.move(db, next, now, []);
    return 0;
  }
  const swept: Swept[] = [...Map.groupBy(going, (wish) => wish)].map(([wish, rows]) => ({
    project_id: wish.project_id,
    class: wish.class,
    removed: rows.length,
    swept_before: "",
  }));
  const rows = file.rows - going.length;
  const also = [recordSwept(swept, now)];
  if (rows === 0) await place.move(db, next, now, [...retire([file]), ...also]);
  else {
    const kept = (all: Row[]) => all.filter((row) => wishFor(row) === undefined);
    await replace(env, db, [file], now, kept, {
      rows,
      commit: (statements) => place.move(db, next, now, [...statements, ...also]),
    });
  }
  return going.length;
}

/** One file after the other. A setting that was changed meanwhile is left out for the rest of the pass. */
export async function* sweepArchive(work: Work, place: Place<Pass>): Steps {
  const { env, db, now, keeping } = work;
  const asked = wishesOf(keeping, now);
  const days = new Map(asked.map((wish) => [`${wish.class} ${wish.project_id}`, wish.days]));
  for (;;) {
    const before = place.value;
    if (before === null || before.ended) {
      if (before?.failed && dayOf(before.began_at) === dayOf(now)) return "waiting";
      const pass = await begin(db, asked, before, now);
      if (!pass) return "done";
      await place.move(db, pass, now, []);
      yield 0;
      continue;
    }
    const wishes = before.wishes.filter((wish) => days.get(`${wish.class} ${wish.project_id}`) === wish.days);
    const pass = { ...before, wishes };
    const files = pass.hour < 0 ? [] : await liveFiles(db, { first: pass.hour, end: pass.hour + 1 });
    const file = files.find(({ key }) => !pass.seen.includes(key));
    if (file) {
      let removed = 0;
      try {
        removed = await clean(work, file, pass, place);
      } catch (error) {
        if (error instanceof DamagedFile) {
          log("error", "archived file cannot be read", { key: file.key, error: String(error) });
          await place.move(db, { ...pass, seen: [...pass.seen, file.key], failed: true }, now, []);
        } else if (!lostTurn(error)) throw error;
      }
      yield removed;
      continue;
    }
    // The objects of rewritten files are deleted before the next hour begins.
    if (!(await sweep(env, db, now))) {
      yield 0;
      continue;
    }
    const hour = await nextHour(db, pass);
    if (hour !== null) await place.move(db, { ...pass, hour, seen: [] }, now, []);
    else {
      const swept = wishes.map(({ project_id, class: name, due }) => ({
        project_id,
        class: name,
        removed: 0,
        swept_before: due,
      }));
      await place.move(
        db,
        { ...pass, wishes: [], seen: [], ended: true },
        now,
        pass.failed ? [] : [recordSwept(swept, now)],
      );
    }
    yield 0;
  }
}
