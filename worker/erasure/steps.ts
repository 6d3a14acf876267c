/**
 * The steps of an erasure, in their order. All are done twice: events that were in the queue during the first pass are in
 * the log at the second, a minute later. Each pass has other pseudonyms: a person who came back in between was counted as a
 * new person, and stays one.
 */
import { sql } from "drizzle-orm";
import { hasArchive } from "../archive/attached.ts";
import { MANIFESTS } from "../archive/partition.ts";
import { RESTORING } from "../archive/restoring.ts";
import { forgetProjects } from "../project.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { isReattributed } from "../projections/reattribution.ts";
import { digestOf, suppress } from "../suppression.ts";
import { archive, archivedAudit } from "./archive.ts";
import { figuresRows } from "./figures.ts";
import type { Piece, Step, Work } from "./job.ts";
import { decidingEvents, earlierEvents, personsOwnEvents, unreadEvents } from "./log.ts";
import { gather } from "./names.ts";
import { audit, conversions, deadLetters, live, requests, retiredEvents, transactions } from "./other-stores.ts";
import { mentioningPostbacks, mentioningReceived, ownPostbacks } from "./postbacks.ts";
import { sealed } from "./receipt.ts";
import { peopleTables } from "./tables.ts";

const PASSES = 2;
/** Longer than isolates remember suppressions, and longer than rejections wait to be recorded. */
export const BETWEEN_PASSES_MS = 60_000;

/** A database that was lost and created again does not know the archive, and a restore from that would bring the person back. */
async function refuseBeforeRestore({ env, db }: Work): Promise<void> {
  if (!hasArchive(env)) return;
  const archives = await db.get(sql`SELECT 1 FROM projections WHERE name = 'archive' AND cursor > 0`);
  if (archives || (await env.ARCHIVE.list({ prefix: MANIFESTS, limit: 1 })).objects.length === 0) return;
  throw new Error(
    "The bucket holds the archive of a log that was lost, and may hold the person: restore it first (npm run restore), and the erasure goes on.",
  );
}

/**
 * Stops the projections, unless another erasure has done so. It waits while people of the project are attributed again in
 * the order of their names, as a person with a new name might be left out; and it waits during a restore, which may bring
 * names back.
 */
async function hold(work: Work): Promise<Piece> {
  const { db, job } = work;
  const busy = sql`(${isReattributed(job.project_id)} OR ${RESTORING})`;
  const held = await db.get<{ erasure_id: string | null; busy: 0 | 1 }>(
    sql`SELECT erasure_id, ${busy} AS busy FROM renaming`,
  );
  if (held?.busy || (held?.erasure_id != null && held.erasure_id !== job.id))
    return { changes: [], place: null, wait: true };
  await refuseBeforeRestore(work);
  return {
    changes: [
      // Fails if another erasure was faster: NULL is not allowed.
      {
        change: sql`UPDATE renaming SET erasure_id = ${job.id},
          generation = CASE WHEN (erasure_id IS NULL OR erasure_id = ${job.id}) AND NOT ${busy} THEN generation + 1 END`,
      },
      // It may name the person. With another generation all people are gone through from the first.
      {
        change: sql`UPDATE lifetime_progress SET place = '' WHERE project_id = ${job.project_id} AND place IS NOT NULL`,
      },
    ],
    place: null,
  };
}

async function names({ db, job, now }: Work): Promise<Piece> {
  const found = await gather(db, job.project_id, job.names, now);
  return { changes: [], place: null, with: sql`names = ${JSON.stringify(found)}` };
}

/** If the request says so, the person is not recorded again. Visitors who are another player, too, are still recorded. */
async function keepOut({ db, job }: Work): Promise<Piece> {
  // Read again, as it may have been requested meanwhile.
  const asked = await db.get(sql`SELECT 1 FROM erasures WHERE id = ${job.id} AND suppress = 1`);
  if (!asked) return { changes: [], place: null };
  const { project_id, names } = job;
  const unshared = names.visitors.map(([name]) => name).filter((name) => !names.shared.includes(name));
  // The first digest also reads the key for all of them.
  const player = await digestOf(db, project_id, "player_id", names.player[0]);
  const visitors = await Promise.all(unshared.map((visitor) => digestOf(db, project_id, "visitor_id", visitor)));
  const digests = [player, ...visitors];
  forgetProjects();
  return { changes: [{ change: suppress(project_id, digests) }], place: null };
}

async function release({ env, job }: Work): Promise<Piece> {
  // They are woken only when they may run; if the wake is lost, cron wakes them.
  if (job.place === null) {
    return {
      changes: [{ change: sql`UPDATE renaming SET erasure_id = NULL WHERE erasure_id = ${job.id}` }],
      place: true,
    };
  }
  await wakeProjectors(env);
  return { changes: [], place: null };
}

async function again(work: Work): Promise<Piece> {
  const { job, now } = work;
  if (job.pass < PASSES) {
    const due_at = now + BETWEEN_PASSES_MS;
    return {
      changes: [],
      place: null,
      next: STEPS[0]?.name,
      with: sql`pass = pass + 1, due_at = CAST(${due_at} AS INTEGER)`,
    };
  }
  // It was requested after the second pass began.
  const { changes } = await keepOut(work);
  return { changes, place: null };
}

const finish = async (work: Work): Promise<Piece> => ({ changes: [], place: null, with: await sealed(work) });

export const STEPS: readonly Step[] = [
  { name: "hold", work: hold },
  { name: "names", work: names },
  { name: "suppression", work: keepOut },
  { name: "own_postbacks", work: ownPostbacks },
  { name: "own_events", work: personsOwnEvents },
  { name: "deciding_events", work: decidingEvents },
  { name: "unread_events", work: unreadEvents },
  { name: "people", work: peopleTables },
  { name: "figures", work: figuresRows },
  { name: "release", work: release },
  { name: "earlier_events", work: earlierEvents },
  { name: "transactions", work: transactions },
  { name: "retired_events", work: retiredEvents },
  { name: "conversions", work: conversions },
  { name: "dead_letters", work: deadLetters },
  { name: "postback_log", work: mentioningPostbacks },
  { name: "received_postbacks", work: mentioningReceived },
  { name: "audit", work: audit },
  { name: "requests", work: requests },
  { name: "live", work: live },
  { name: "archive", work: archive },
  { name: "archived_audit", work: archivedAudit },
  { name: "again", work: again },
  { name: "finish", work: finish },
];
