/** Simultaneous changes by two administrators are both kept, and validated against the stored state. */
import { env } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { forgetProjects } from "../../worker/project.ts";
import { callWith } from "./api.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const run = (query: string, ...values: unknown[]) =>
  env.DB.prepare(query)
    .bind(...values)
    .run();

/** The database, which runs something just before the first administrative change is written. */
function withIn(change: () => Promise<unknown>): Env {
  let next: (() => Promise<unknown>) | null = change;
  let acting = false;
  const DB = new Proxy(env.DB, {
    get(real, name) {
      if (name === "prepare")
        return (query: string) => {
          acting ||= query.includes("INSERT INTO audit");
          return real.prepare(query);
        };
      if (name === "batch")
        return async (statements: D1PreparedStatement[]) => {
          const other = acting ? next : null;
          if (other) next = null;
          await other?.();
          return real.batch(statements);
        };
      const value = Reflect.get(real, name);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
  return { ...env, DB };
}

async function change(method: string, path: string, body?: object, bindings: Env = env) {
  const response = await callWith(bindings, method, path, body);
  const text = await response.text();
  return { status: response.status, body: (text === "" ? {} : JSON.parse(text)) as Record<string, unknown> };
}

const make = async (path: string, body: object) => (await change("POST", path, body)).body;

beforeAll(() => createProject("shared"));

describe("a key", () => {
  const key = async () => (await make("/keys", { name: "k", role: "viewer", project_id: "shared" })).id as string;
  const stored = (id: string) =>
    env.DB.prepare("SELECT name, banner_tags, expires_at FROM keys WHERE id = ?").bind(id).first();

  it("that is renamed keeps a limit that was set meanwhile, and the answer shows it", async () => {
    const id = await key();
    const limit = () => change("PATCH", `/keys/${id}`, { banner_tags: ["mine"] });
    const { body } = await change("PATCH", `/keys/${id}`, { name: "renamed" }, withIn(limit));
    expect(body).toMatchObject({ name: "renamed", banner_tags: ["mine"] });
    expect(await stored(id)).toMatchObject({ name: "renamed", banner_tags: '["mine"]' });
  });

  it("that is rotated meanwhile still expires", async () => {
    const id = await key();
    const rotate = () => change("POST", `/keys/${id}/rotate`, { overlap_seconds: 60 });
    await change("PATCH", `/keys/${id}`, { name: "renamed" }, withIn(rotate));
    expect((await stored(id))?.expires_at).toBeTypeOf("number");
  });

  it("is rotated with its settings of that moment", async () => {
    const id = await key();
    const limit = () => change("PATCH", `/keys/${id}`, { banner_tags: ["mine"], expires_at: "2030-01-01T00:00:00Z" });
    const { body } = await change("POST", `/keys/${id}/rotate`, { overlap_seconds: 60 }, withIn(limit));
    expect(body).toMatchObject({ banner_tags: ["mine"], expires_at: "2030-01-01T00:00:00.000Z" });
  });

  it("that is revoked meanwhile is not replaced by a new key", async () => {
    const id = await key();
    const before = (await change("GET", "/keys")).body.rows as unknown[];
    const revoke = () => change("DELETE", `/keys/${id}`);
    expect((await change("POST", `/keys/${id}/rotate`, {}, withIn(revoke))).status).toBe(409);
    expect((await change("GET", "/keys")).body.rows).toHaveLength(before.length);
  });
});

describe("a project", () => {
  it("keeps what others change meanwhile, and the answer shows it", async () => {
    const rename = () => run("UPDATE projects SET name = 'Renamed' WHERE project_id = 'shared'");
    const { body } = await change("PATCH", "/projects/shared", { currency: "EUR" }, withIn(rename));
    expect(body).toMatchObject({ name: "Renamed", currency: "EUR" });
  });

  it("is judged by what is stored when it is changed", async () => {
    forgetProjects();
    const widen = () => run("UPDATE projects SET attribution_days = 60 WHERE project_id = 'shared'");
    const asked = { retention: { events_days: 62 } };
    const { status, body } = await change("PATCH", "/projects/shared", asked, withIn(widen));
    expect([status, body.detail]).toEqual([400, expect.stringContaining("must be 92 at least")]);
    expect(await env.DB.prepare("SELECT retention FROM projects WHERE project_id = 'shared'").first()).toEqual({
      retention: "{}",
    });
    const settle = () => run("UPDATE projects SET settled_before = '2020-01-01' WHERE project_id = 'shared'");
    expect((await change("PATCH", "/projects/shared", { attribution_days: 30 }, withIn(settle))).status).toBe(409);
  });
});

describe("a conversion", () => {
  it("is decided by one of two requests, and its history has only that decision", async () => {
    await createProject("pays");
    await make("/payout-rules", {
      project_id: "pays",
      name: "r",
      event_type: "deposit",
      amount: "5",
      valid_from: "2026-06-01",
    });
    const timestamp = Date.UTC(2026, 5, 10);
    const money = { amount: 100_000, currency: "EUR" };
    const deposit = { project_id: "pays", event_type: "deposit", event_id: "d", player_id: "p", banner_tag: "t" };
    await deliver([{ events: [storedEvent({ ...deposit, ...money, timestamp })] }]);
    await settle();
    const decide = (decision: string, bindings?: Env) =>
      change("POST", `/conversions/d/${decision}?project_id=pays`, { reason: decision }, bindings);
    const reject = async () => expect(await decide("reject")).toMatchObject({ status: 200 });
    expect(await decide("approve", withIn(reject))).toMatchObject({
      status: 409,
      body: { detail: "Others are deciding about these at this moment. Please try again." },
    });
    const { body } = await change("GET", "/conversions/d?project_id=pays");
    expect(body).toMatchObject({ status: "rejected", history: [{ status: "rejected", reason: "reject" }] });
    expect(await decide("approve")).toMatchObject({ status: 200 });
  });
});

describe("a segment", () => {
  const segment = async (shared: boolean) =>
    (await make("/segments", { project_id: "shared", name: "s", filter: { banner_tag: ["a"] }, shared }))
      .segment_id as string;

  it("keeps what others change meanwhile, and the answer shows it", async () => {
    const id = await segment(false);
    const refilter = () => change("PATCH", `/segments/${id}`, { filter: { banner_tag: ["b"] } });
    const { body } = await change("PATCH", `/segments/${id}`, { name: "renamed" }, withIn(refilter));
    expect(body).toMatchObject({ name: "renamed", filter: { banner_tag: ["b"] } });
    const { body: listed } = await change("GET", "/segments?project_id=shared");
    expect(listed.rows).toContainEqual(body);
  });

  it("stays shared while a link is made to it, and no link is made to one that is no longer shared", async () => {
    const [kept, unshared] = [await segment(true), await segment(true)];
    const link = (segment_id: string, bindings?: Env) =>
      change("POST", "/shares", { project_id: "shared", name: "l", segment_id }, bindings);
    const unshare = (id: string, bindings?: Env) => change("PATCH", `/segments/${id}`, { shared: false }, bindings);
    expect(
      (
        await unshare(
          kept,
          withIn(() => link(kept)),
        )
      ).status,
    ).toBe(409);
    expect((await change("DELETE", `/segments/${kept}`)).status).toBe(409);
    expect(
      (
        await link(
          unshared,
          withIn(() => unshare(unshared)),
        )
      ).status,
    ).toBe(400);
    expect((await change("DELETE", `/segments/${unshared}`)).status).toBe(204);
  });
});

describe("a dead letter", () => {
  const bury = async () => {
    const event = storedEvent({ project_id: "shared", event_type: "visit", player_id: "p" });
    await keepDeadLetters(db, [{ event, error: "a fault" }], "test", 0);
    const row = await env.DB.prepare("SELECT id FROM dead_letters WHERE event_id = ?").bind(event.event_id).first();
    return { id: row?.id as number, event_id: event.event_id };
  };
  const status = async (id: number) =>
    (await env.DB.prepare("SELECT status FROM dead_letters WHERE id = ?").bind(id).first())?.status;
  const acts = async () =>
    (await env.DB.prepare("SELECT count(*) AS n FROM audit WHERE action LIKE 'dead_letter.%'").first<{ n: number }>())
      ?.n as number;
  const fail = () => Promise.reject(new Error("the database went away"));

  it("is not resolved if the audit entry cannot be written, and is on a retry", async () => {
    const asks = [
      (id: number, bindings?: Env) => change("POST", "/dead-letters/discard", { ids: [id] }, bindings),
      (id: number, bindings?: Env) => change("DELETE", `/dead-letters/${id}`, undefined, bindings),
      (id: number, bindings?: Env) => change("POST", "/dead-letters/replay", { ids: [id] }, bindings),
    ];
    for (const ask of asks) {
      const [{ id, event_id }, before] = [await bury(), await acts()];
      expect((await ask(id, withIn(fail))).status).toBe(500);
      expect([await status(id), await acts()]).toEqual(["waiting", before]);
      expect((await ask(id)).status).toBeLessThan(300);
      expect([await status(id), await acts()]).toEqual([expect.stringMatching(/discarded|replayed/), before + 1]);
      const { results } = await env.DB.prepare("SELECT seq FROM events WHERE event_id = ?").bind(event_id).all();
      expect(results.length).toBe((await status(id)) === "replayed" ? 1 : 0);
    }
  });

  it("that is replayed while it is edited stays replayed", async () => {
    const { id } = await bury();
    const replay = () => change("POST", "/dead-letters/replay", { ids: [id] });
    const { status: answer } = await change(
      "PATCH",
      `/dead-letters/${id}`,
      { event: { banner_tag: "t" } },
      withIn(replay),
    );
    expect([answer, await status(id)]).toEqual([409, "replayed"]);
  });
});
