/**
 * The door of inbound postbacks: GET or POST, as a query, a form or JSON. 200 means that the postback is stored in the
 * database, and will be counted or decided; it waits until its click is known.
 */
import { type Context, Hono } from "hono";
import { asQuery, postedBy } from "../collect/posted.ts";
import { storedEvent } from "../collect/stored-event.ts";
import { wake } from "../duties/duty.ts";
import type { FieldError } from "../event.ts";
import type { Incoming } from "../http/principal.ts";
import { Problem, type ProblemStatus } from "../http/problem.ts";
import { limitHeaders, limitSignIn, withinLimit } from "../http/rate-limit.ts";
import { log } from "../log.ts";
import { findProject } from "../project.ts";
import { checkSchema } from "../registry/check.ts";
import { recordRejections } from "../request-log/record-rejections.ts";
import { databaseOf, transact } from "../store/database.ts";
import { shardsOfProjects } from "../store/placements.ts";
import { MAIN, onShard } from "../store/shards.ts";
import { erased, suppressed } from "../suppression.ts";
import { keep, MOST_WAITING } from "./received.ts";
import { NAME } from "./settling.ts";
import { namedBy, type Source, sourceAt, unproved } from "./source.ts";
import { readPostback } from "./template.ts";

const HEADERS = { "cache-control": "no-store", ...limitHeaders("pixel") };
/** Seconds until a network should try again where too many postbacks wait. */
const RETRY_AFTER = "600";

/** A server sends it for a player: nothing of the request is the player's. */
const NOBODYS_REQUEST = {
  country: null,
  device: null,
  browser: null,
  os: null,
  referrer: null,
  source_ip: null,
  user_agent: null,
  bot: null,
} as const;

/** The token as a part of the path, or where the network can send headers, in one. */
function tokenOf(c: Context<Incoming>): string {
  const [, bearer] = /^Bearer +(\S+)$/i.exec(c.req.header("authorization") ?? "") ?? [];
  return c.req.param("token") ?? bearer ?? "";
}

type Sent = { pairs: [string, unknown][]; refused: FieldError | null };

async function sentIn(c: Context<Incoming>): Promise<Sent> {
  const { pairs, refused, warning } = await postedBy(c.req.raw);
  return { pairs: [...new URL(c.req.url).searchParams, ...pairs], refused: refused ?? warning ?? null };
}

const receive = async (c: Context<Incoming>): Promise<Response> => {
  if (c.req.method === "HEAD")
    return new Problem(405, "Postbacks are sent with GET or POST.").toResponse({ ...HEADERS, allow: "GET, POST" });
  if (!(await withinLimit(c.env, "pixel", c.req.raw, null)))
    throw new Problem(429, "Too many postbacks from this address. Please send it again later.", {
      headers: limitHeaders("pixel", true),
    });
  const now = Date.now();
  const address = c.req.param("source") ?? "";
  const { pairs, refused } = await sentIn(c);
  const { project_id } = namedBy(address);
  const refuse = (status: ProblemStatus, errors: FieldError[], event_type: string | null = null): Problem => {
    recordRejections(c.env, c.executionCtx, [
      { project_id, door: "postback", event_type, errors, sent: pairs, at: now },
    ]);
    return new Problem(status, errors.map(({ message }) => message).join("; "), { errors, headers: HEADERS });
  };
  const refuseOne = (status: ProblemStatus, field: string, code: FieldError["code"], message: string) =>
    refuse(status, [{ field, code, message }]);

  const shard = (await shardsOfProjects(c.env, [project_id], now)).get(project_id) ?? MAIN;
  const env = onShard(c.env, shard);
  const db = databaseOf(env);
  const source: Source | null = await sourceAt(db, address);
  if (!source) {
    await limitSignIn(c.env, c.req.raw);
    throw refuseOne(404, "source", "not_allowed", `there is no source of postbacks ${address}`);
  }
  const lacking = await unproved(source, { token: tokenOf(c), query: asQuery(pairs) });
  if (lacking !== null) {
    await limitSignIn(c.env, c.req.raw);
    const message =
      lacking === "sig"
        ? "sig is not the signature of these parameters under the source's signing secret"
        : "the token of the source is required, as the last part of the path or as Authorization: Bearer";
    throw refuseOne(401, lacking, "bad_signature", message);
  }
  if (source.paused_at !== null)
    throw refuseOne(
      409,
      "source",
      "not_allowed",
      `the source ${source.name} is paused: it takes nothing until it is resumed`,
    );
  if (refused) throw refuse(refused.code === "too_large" ? 413 : 400, [refused]);

  const read = readPostback(pairs, source.template, now);
  if (!read.ok) throw refuse(400, read.errors, read.event_type);
  const { event: wire, status, said: statusWord } = read.said;
  const project = await findProject(c.env, project_id, now);
  if (!project) throw refuseOne(404, "source", "unknown_project", `there is no project ${project_id}`);
  const gone = await suppressed(c.env, project_id, wire, now);
  if (gone) throw refuse(400, [erased(gone)], wire.event_type);
  const verdict = await checkSchema(c.env, project_id, wire.event_type, wire, now);
  if (verdict.status === "refused") throw refuse(400, verdict.errors, wire.event_type);

  const event = storedEvent(wire, project, { ...NOBODYS_REQUEST, trusted: 1 }, now);
  const [kept] = await transact(db, [keep({ source: source.name, event, status, said: statusWord }, now)]);
  if (kept?.meta.changes === 0)
    throw new Problem(429, `${MOST_WAITING} postbacks of ${project_id} wait for their clicks, which is the most.`, {
      headers: { ...HEADERS, "retry-after": RETRY_AFTER },
    });
  // It is stored: if the wake is lost, cron wakes the duty.
  c.executionCtx.waitUntil(
    wake(env, [NAME]).catch((error) => log("warn", "inbound postbacks not woken", { error: String(error) })),
  );
  return c.json({ status: "accepted" }, 200, { ...HEADERS, "x-event-status": "accepted" });
};

export const inboundRoutes = new Hono<Incoming>()
  .get("/postback/:source", receive)
  .post("/postback/:source", receive)
  .get("/postback/:source/:token", receive)
  .post("/postback/:source/:token", receive);
