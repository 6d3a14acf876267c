/** Dead letters: to list, show, edit, replay and discard them. Everything can be repeated without harm. */

import { and, desc, eq, lt, type SQL, sql } from "drizzle-orm";
import * as z from "zod";
import { storedEvent } from "../collect/stored-event.ts";
import { DOORS, type StoredEvent } from "../event.ts";
import { standingOf } from "../event-log/append.ts";
import { type DeadLetter, type Replay, replay, resolved } from "../event-log/dead-letters.ts";
import { readEvent } from "../event-reading.ts";
import { parseExact } from "../exact-json.ts";
import { reaches } from "../http/access.ts";
import { json } from "../http/operation.ts";
import { more, page, paged, pageParameters } from "../http/page.ts";
import type { Principal } from "../http/principal.ts";
import { Problem } from "../http/problem.ts";
import { formatMoney } from "../money.ts";
import { wakeProjectors } from "../projections/projector.ts";
import { instant, maybe, text, whole } from "../reports/answer.ts";
import { budgetOf } from "../store/budget.ts";
import type { Database } from "../store/database.ts";
import { isGuarded } from "../store/guard.ts";
import { deadLetters } from "../store/schema.ts";
import { among } from "../store/sql.ts";
import { iso } from "../time.ts";
import { route } from "./route.ts";

const STATUSES = ["waiting", "replayed", "discarded"] as const;

export const deadLetterQuery = z.strictObject({
  ...pageParameters,
  status: z.enum(STATUSES, `must be one of ${STATUSES.join(", ")}`).optional(),
  event_type: z.string().optional(),
});
/** The letters of an act: by id, or all that wait (in a project). */
export const deadLetterChoice = z.union([
  z.strictObject({ ids: z.array(z.int()).min(1).max(1_000) }),
  z.strictObject({ all: z.literal(true), project_id: z.string().optional() }),
]);
/** The fields to change, by their names on the wire; null takes one away. */
export const deadLetterEdit = z.strictObject({ event: z.record(z.string(), z.unknown()) });

const deadLetter = z
  .object({
    id: z.int(),
    project_id: maybe,
    event_id: maybe,
    event_type: maybe,
    event: z.unknown().describe("As it was, or as it was edited."),
    sent: z
      .record(z.string(), z.unknown())
      .describe("The event by its fields on the wire, as an edit may change them."),
    error: text,
    consumer: text,
    failed_at: instant,
    status: z.enum(["waiting", "replayed", "discarded"]),
    resolved_at: instant.nullable(),
    shard: text.describe("The database that it is in: ids are unique within each."),
  })
  .meta({ id: "DeadLetter" });
const replayed = z
  .object({
    replayed: whole,
    failed: whole,
    more,
    results: z.array(
      z.union([
        z.object({ id: z.int(), status: z.literal("replayed") }),
        z.object({ id: z.int(), status: z.literal("failed"), error: text }),
      ]),
    ),
  })
  .meta({ id: "Replayed" });
const discarded = z.object({ discarded: whole, more }).meta({ id: "Discarded" });
const WHICH: Record<string, z.input<typeof deadLetterChoice>> = { Some: { ids: [1] }, "All that wait": { all: true } };
export type DeadLetterView = z.output<typeof deadLetter>;

const view = ({ standing: _, ...letter }: DeadLetter, { shard }: Database): DeadLetterView => ({
  ...letter,
  shard,
  event: JSON.parse(letter.event),
  sent: asSent(eventIn(letter)),
  failed_at: iso(letter.failed_at),
  resolved_at: iso(letter.resolved_at),
});

/** How many letters one request replays or discards; "all" continues when it is requested again. */
const AT_ONCE = 1_000;
/** Calls and statements of appending some events, and of ending the request. */
const REPLAY_CALLS = 24;

const ownOnly = (principal: Principal): SQL | undefined =>
  principal.project_id === null ? undefined : eq(deadLetters.project_id, principal.project_id);

async function choose(
  db: Database,
  principal: Principal,
  choice: z.output<typeof deadLetterChoice>,
): Promise<DeadLetter[]> {
  const isChosen =
    "ids" in choice
      ? // As one parameter: D1 takes a hundred.
        sql`${deadLetters.id} ${among(choice.ids)}`
      : choice.project_id === undefined
        ? undefined
        : eq(deadLetters.project_id, choice.project_id);
  return db
    .select()
    .from(deadLetters)
    .where(and(isChosen, ownOnly(principal), eq(deadLetters.status, "waiting")))
    .orderBy(deadLetters.id)
    .limit(AT_ONCE);
}

async function find(db: Database, principal: Principal, id: string): Promise<DeadLetter> {
  const [letter] = await db
    .select()
    .from(deadLetters)
    .where(eq(deadLetters.id, Number(id)));
  if (!letter || !reaches(principal, letter.project_id)) throw new Problem(404, `There is no dead letter ${id}.`);
  return letter;
}

/** A message that could not be read holds none. */
const eventIn = ({ event_id, event }: Pick<DeadLetter, "event_id" | "event">) =>
  (event_id === null ? {} : JSON.parse(event)) as Partial<StoredEvent>;

/** A stored event as it would come in, so that an edited one is judged by the same rules. */
function asSent(event: Partial<StoredEvent>): Record<string, unknown> {
  const { amount, data, test, received_at: _, event_date: __, event_hour: ___, ...rest } = event;
  const {
    country: _c,
    device: _d,
    browser: _b,
    os: _o,
    referrer: _r,
    source_ip: _i,
    user_agent: _u,
    bot: _bot,
    trusted: _trusted,
    ...sent
  } = rest;
  return {
    ...Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== null)),
    ...(typeof amount === "number" && { amount: formatMoney(amount) }),
    ...(typeof data === "string" && { data: readData(data) }),
    ...(test === 1 && { test: 1 }),
  };
}

/** Text that is no JSON may be the reason why the event could not be stored. */
function readData(data: string): unknown {
  try {
    return parseExact(data);
  } catch {
    return data;
  }
}

/** An event that is older than the events API accepts was imported. */
const doorOf = ({ timestamp = 0 }: Partial<StoredEvent>, received_at: number) =>
  timestamp > 0 && timestamp < received_at - DOORS.api.oldest ? "import" : "api";

export const deadLetterRoutes = [
  route(
    {
      id: "listDeadLetters",
      method: "get",
      path: "/dead-letters",
      on: "each",
      tag: "Dead letters",
      role: "admin",
      summary: "List dead letters",
      description:
        "Events that could not be stored in any try, or never can be as they are. Nothing else is lost with them.",
      query: deadLetterQuery,
      answers: { 200: { description: "The newest first.", content: json(paged(deadLetter)) } },
    },
    async ({ db, principal, query }) => {
      const { limit, cursor, project_id, status, event_type } = query;
      const rows = await db
        .select()
        .from(deadLetters)
        .where(
          and(
            ownOnly(principal),
            cursor === undefined ? undefined : lt(deadLetters.id, cursor),
            project_id === undefined ? undefined : eq(deadLetters.project_id, project_id),
            status === undefined ? undefined : eq(deadLetters.status, status),
            event_type === undefined ? undefined : eq(deadLetters.event_type, event_type),
          ),
        )
        .orderBy(desc(deadLetters.id))
        .limit(limit + 1);
      return page(
        rows.map((letter) => view(letter, db)),
        limit,
        (row) => row.id,
      );
    },
  ),
  route(
    {
      id: "replayDeadLetters",
      method: "post",
      path: "/dead-letters/replay",
      on: "each",
      tag: "Dead letters",
      role: "admin",
      summary: "Store them after all",
      description:
        "Some by their ids, or all that wait. An event that is in the log already is not stored again, so asking twice changes nothing.",
      body: { schema: deadLetterChoice, examples: WHICH },
      answers: { 200: { description: "What became of each.", content: json(replayed) } },
      audit: "dead_letter.replay",
    },
    async ({ env, db, principal, readBody, act, now }) => {
      const choice = await readBody();
      const { project_id } = principal;
      const succeeded = (results: readonly Replay[]) => results.filter(({ status }) => status === "replayed").length;
      const chosen = await choose(db, principal, choice);
      const room = () => budgetOf(env).has(REPLAY_CALLS);
      const results = await replay(db, chosen, now, room, (statements, done) => {
        const subject = `${succeeded(done)} of ${done.length}`;
        const what = { project_id, subject, details: choice };
        return act(what, statements);
      });
      const replayed = succeeded(results);
      await wakeProjectors(env);
      return { replayed, failed: results.length - replayed, more: results.length === AT_ONCE, results };
    },
  ),
  route(
    {
      id: "discardDeadLetters",
      method: "post",
      path: "/dead-letters/discard",
      on: "each",
      tag: "Dead letters",
      role: "admin",
      summary: "Discard some, or all that wait",
      description: "They stay in the list as discarded. Discarding one twice changes nothing.",
      body: { schema: deadLetterChoice, examples: WHICH },
      answers: { 200: { description: "How many.", content: json(discarded) } },
      audit: "dead_letter.discard",
    },
    async ({ db, principal, readBody, act, now }) => {
      const choice = await readBody();
      const ids = (await choose(db, principal, choice)).map((letter) => letter.id);
      const { project_id } = principal;
      const what = { project_id, subject: String(ids.length), details: choice };
      await act(what, [resolved(ids, "discarded", now)]);
      return { discarded: ids.length, more: ids.length === AT_ONCE };
    },
  ),
  route(
    {
      id: "getDeadLetter",
      method: "get",
      path: "/dead-letters/:id{[0-9]+}",
      on: "each",
      tag: "Dead letters",
      role: "admin",
      summary: "Show a dead letter",
      description: "`sent` has the event's fields as they are on the wire, in which form they can be edited.",
      answers: { 200: { description: "With its event and its error.", content: json(deadLetter) } },
      problems: [404],
    },
    async ({ db, principal, params }) => view(await find(db, principal, params.id), db),
  ),
  route(
    {
      id: "editDeadLetter",
      method: "patch",
      path: "/dead-letters/:id{[0-9]+}",
      on: "each",
      tag: "Dead letters",
      role: "admin",
      summary: "Change its event",
      description: "By the rules of events; null takes a field away, and the id stays.",
      body: { schema: deadLetterEdit, examples: { Tag: { event: { banner_tag: "summer" } } } },
      answers: { 200: { description: "The letter as it is now.", content: json(deadLetter) } },
      problems: [404, 409],
      audit: "dead_letter.edit",
    },
    async ({ db, principal, params, readBody, projectFor, act }) => {
      const { event: changes } = await readBody();
      const letter = await find(db, principal, params.id);
      if (letter.status !== "waiting") throw new Problem(409, `The letter was ${letter.status} already.`);
      const before = eventIn(letter);
      const received_at = before.received_at ?? letter.failed_at;
      // The id is kept, as it is the same event.
      const sent = {
        ...asSent(before),
        ...changes,
        ...(before.event_id !== undefined && { event_id: before.event_id }),
      };
      const reading = readEvent(Object.entries(sent), doorOf(before, received_at), received_at);
      if (!reading.ok) throw new Problem(400, "The event is not valid as edited.", { errors: reading.errors });
      const project = await projectFor(reading.event.project_id);
      const {
        country = null,
        device = null,
        browser = null,
        os = null,
        referrer = null,
        source_ip = null,
        user_agent = null,
        bot = null,
        trusted = 0,
      } = before;
      const sender = { country, device, browser, os, referrer, source_ip, user_agent, bot, trusted };
      const event = storedEvent(reading.event, project, sender, received_at);
      const edited: DeadLetter = {
        ...letter,
        project_id: event.project_id,
        event_id: event.event_id,
        event_type: event.event_type,
        standing: standingOf(event),
        event: JSON.stringify(event),
      };
      const { project_id } = event;
      const details = { fields: Object.keys(changes) };
      const what = { project_id, subject: String(letter.id), details };
      const done = act(what, [
        // Fails where it was resolved or edited since it was read: NULL is not allowed.
        sql`UPDATE dead_letters SET error = CASE WHEN status = 'waiting' AND event = ${letter.event} THEN error END
        WHERE id = ${letter.id}`,
        db.update(deadLetters).set(edited).where(eq(deadLetters.id, letter.id)).getSQL(),
      ]);
      await done.catch((error) => {
        if (!isGuarded(error, "dead_letters.error")) throw error;
        throw new Problem(409, "The letter was changed by others at this moment. Please look at it again.");
      });
      return view(edited, db);
    },
  ),
  route(
    {
      id: "discardDeadLetter",
      method: "delete",
      path: "/dead-letters/:id{[0-9]+}",
      on: "each",
      tag: "Dead letters",
      role: "admin",
      summary: "Discard one",
      description: "It stays in the list as discarded. Discarding it twice changes nothing.",
      answers: { 204: { description: "Done." } },
      problems: [404],
      audit: "dead_letter.discard",
    },
    async ({ db, principal, params, act, now }) => {
      const letter = await find(db, principal, params.id);
      if (letter.status === "waiting") {
        const what = { project_id: letter.project_id, subject: String(letter.id) };
        await act(what, [resolved([letter.id], "discarded", now)]);
      }
    },
  ),
] as const;
