/** Requests that are accepted while the database is away, with data that was read before; and the copies that this needs. */
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { sign } from "../../worker/collect/signature.ts";
import { KEY_TTL_MS, principalOfKey } from "../../worker/http/keys.ts";
import { findProject, findSnapshot, SETTINGS_TTL_MS } from "../../worker/project.ts";
import { REPORTS } from "../../worker/reports/index.ts";
import { COPY_MS, findCopy, keepCopy } from "../../worker/sealed-copy.ts";
import { watched } from "./database.ts";
import { ADMIN, makeApiKey } from "./keys.ts";
import { type Asking, ask, coldIsolate, copied, guessedKey, sendSpin, visit } from "./knock.ts";
import { createProject } from "./log.ts";

describe("while the database is away", () => {
  const SECRET = "0123456789abcdef0123456789abcdef0123456789abcdef";
  const QUERY: [string, string][] = [
    ["project_id", "signing"],
    ["player_id", "p-1"],
    ["btag", "t"],
    ["amount", "5"],
    ["currency", "EUR"],
    ["event_id", "signed-1"],
    ["transaction_id", "T-1"],
  ];
  let collect: string;
  let viewer: string;

  beforeAll(async () => {
    await createProject("signing");
    await env.DB.prepare("UPDATE projects SET require_signature = 1, pixel_secret = ? WHERE project_id = 'signing'")
      .bind(SECRET)
      .run();
    const body = { event_type: "spin", project_id: "signing", mode: "enforce", schema: { required: ["score"] } };
    const registered = await ask("/api/v1/schemas", { headers: ADMIN, body });
    expect(registered.status, await registered.text()).toBe(201);
    collect = await makeApiKey({ role: "collect", project_id: "signing" });
    viewer = await makeApiKey({ role: "viewer", project_id: "signing" });
  });

  const spin = (key: string, score: number | undefined, asking: Asking = {}) =>
    sendSpin(key, asking, score === undefined ? {} : { score });

  it("an isolate that never read the project accepts its pixels and events by its data centre's copies", async () => {
    const warm = await coldIsolate();
    expect((await visit("signing", "", { by: warm })).status).toBe(200);
    expect((await spin(collect, 5, { by: warm })).status).toBe(202);
    const id = collect.split("_")[1];
    const [version] = (await findSnapshot(env, "signing", Date.now()))?.schemas ?? [];
    for (const name of ["project signing", `key ${id}`, `schema ${version?.id} of main`]) await copied(name);

    const { bindings, seen } = watched();
    seen.away = true;
    const by = await coldIsolate();
    expect((await visit("signing", "", { by, bindings })).status).toBe(200);
    const signed = new URLSearchParams([...QUERY, ["sig", await sign(QUERY, SECRET)]]);
    expect((await ask(`/deposit?${signed}`, { by, bindings })).status).toBe(200);
    const forged = new URLSearchParams([...QUERY, ["sig", await sign(QUERY, "another")]]);
    expect((await ask(`/deposit?${forged}`, { by, bindings })).headers.get("x-event-error")).toBe("bad_signature sig");
    expect((await spin(collect, 5, { by, bindings })).status).toBe(202);
    const refused = await spin(collect, undefined, { by, bindings });
    expect(await refused.json()).toMatchObject({ status: 400, errors: [{ code: "schema_violation" }] });
  });

  it("a key that was read can send for another hour, and can read nothing", async () => {
    const { bindings, seen } = watched();
    const now = Date.now();
    expect(await principalOfKey(bindings, collect, now)).toMatchObject({ role: "collect" });
    seen.away = true;
    const copies = { copies: true };
    for (const later of [KEY_TTL_MS + 1, COPY_MS - 1])
      expect(await principalOfKey(bindings, collect, now + later, copies)).toMatchObject({ role: "collect" });
    await expect(principalOfKey(bindings, collect, now + KEY_TTL_MS + 1)).rejects.toThrow("Failed query");
    await expect(principalOfKey(bindings, collect, now + COPY_MS, copies)).rejects.toThrow("Failed query");
    // Its id with another secret is refused.
    const other = `${collect.slice(0, -4)}0000`;
    expect(await principalOfKey(bindings, other, now + KEY_TTL_MS + 1, copies)).toBeNull();
  });

  it.each(REPORTS.map(({ path }) => path))("%s answers with Retry-After", async (path) => {
    const { bindings, seen } = watched();
    // The cached key and project are used for a while.
    expect((await ask(`/api/v1${path}?project_id=signing`, { bindings, headers: ADMIN })).status).not.toBe(503);
    seen.away = true;
    const filled = path.replace(":name", "visits").replace(":player_id", "p-1").replace(":app_id", "a");
    const answer = await ask(`/api/v1${filled}?project_id=signing`, { bindings, headers: ADMIN });
    expect([path, answer.status, answer.headers.get("retry-after")]).toEqual([path, 503, "5"]);
  });

  it("a batch that needs several sends to the queue is accepted only if its events have ids", async () => {
    const { bindings, seen } = watched();
    const send = (count: number, ids: boolean, more: Record<string, string> = {}) =>
      ask("/api/v1/events", {
        bindings,
        headers: { authorization: `Bearer ${collect}`, ...more },
        body: Array.from({ length: count }, (_, n) => ({
          event_type: "level_up",
          player_id: "p-1",
          data: { note: "x".repeat(600) },
          ...(ids && { event_id: `named-${n}` }),
        })),
      });
    expect((await send(1, false)).status).toBe(202);
    seen.away = true;
    expect((await send(150, false)).status).toBe(202);
    expect((await send(450, true)).status).toBe(202);
    expect((await send(450, false, { "idempotency-key": "named" })).status).toBe(202);
    const refused = await send(450, false);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    seen.away = false;
    // None of the refused events had been sent to the queue, and they count when they are sent again.
    const stored = () =>
      env.DB.prepare("SELECT count(*) AS n FROM events WHERE project_id = 'signing' AND event_type = 'level_up'").first(
        "n",
      );
    await vi.waitFor(async () => expect(await stored()).toBe(1 + 150 + 450 + 450), { timeout: 200_000 });
    expect((await send(450, false)).status).toBe(202);
    await vi.waitFor(async () => expect(await stored()).toBe(1 + 150 + 450 + 450 + 450), { timeout: 200_000 });
  });

  it("a key that is known to be revoked is refused", async () => {
    const key = await makeApiKey({ role: "collect", project_id: "signing" });
    const id = key.split("_")[1] ?? "";
    const elsewhere = await coldIsolate();
    expect((await spin(key, 5, { by: elsewhere })).status).toBe(202);
    await copied(`key ${id}`);
    expect((await ask(`/api/v1/keys/${id}`, { method: "DELETE", headers: ADMIN })).status).toBe(204);
    await vi.waitFor(async () => expect(await findCopy(env, `key ${id}`, Date.now())).toBeNull(), { timeout: 200_000 });
    // After another read it is known to be revoked.
    const { bindings, seen } = watched();
    const now = Date.now();
    expect(await principalOfKey(bindings, key, now)).toBeNull();
    seen.away = true;
    expect(await principalOfKey(bindings, key, now + KEY_TTL_MS + 1, { copies: true })).toBeNull();
    // An isolate that has not read the key does not accept the event.
    await copied(`key ${id}`);
    expect((await spin(key, 5, { by: await coldIsolate(), bindings })).status).toBe(401);
  });

  it("a request that cannot be authenticated gets 503 with Retry-After on every route", async () => {
    const { bindings, seen } = watched();
    seen.away = true;
    const by = await coldIsolate();
    const key = guessedKey(7);
    const bearer = { headers: { authorization: `Bearer ${key}` } };
    const signedIn = await ask("/api/v1/session", { body: { key: viewer } });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] ?? "";
    for (const [path, asking] of [
      ["/api/v1/events", { ...bearer, body: { event_type: "spin", player_id: "p" } }],
      ["/api/v1/import", { ...bearer, body: [] }],
      ["/api/v1/metrics", bearer],
      ["/api/v1/metrics", { headers: { authorization: `Bearer ${viewer}` } }],
      ["/api/v1/metrics", { headers: { cookie } }],
      ["/api/v1/keys", bearer],
      ["/metrics", bearer],
      ["/api/v1/session", { body: { key } }],
      ["/api/v1/session", { body: { key: env.ADMIN_TOKEN } }],
      ["/api/v1/session", { headers: ADMIN }],
      ["/api/v1/share-sessions", { body: { token: `eps_${"0".repeat(16)}_${"0".repeat(48)}` } }],
      ["/visit?project_id=never-seen&player_id=p&btag=t", {}],
      ["/project.json?project_id=never-seen", {}],
    ] as [string, Asking][]) {
      const answer = await ask(path, { ...asking, bindings, by });
      expect([path, answer.status, answer.headers.get("retry-after")]).toEqual([
        path,
        503,
        expect.stringMatching(/^\d+$/),
      ]);
    }
  });

  it("uses what was read before if the database does not answer at all", async () => {
    await createProject("stalled");
    const now = Date.now();
    expect(await findProject(env, "stalled", now)).not.toBeNull();
    const stalled = new Proxy(env.DB, {
      get: (real, name) => {
        if (name === "batch") return () => new Promise(() => undefined);
        const value = Reflect.get(real, name);
        return typeof value === "function" ? value.bind(real) : value;
      },
    });
    const bindings = { ...env, DB: stalled };
    expect(await findProject(bindings, "stalled", now + SETTINGS_TTL_MS)).toMatchObject({ project_id: "stalled" });
  });
});

describe("copies", () => {
  it("cannot be read, moved to another project or forged, and expire in an hour", async () => {
    const now = Date.now();
    keepCopy(env, "project sealed", { value: { pixel_secret: "the secret" }, read_at: now });
    await copied("project sealed");
    const addressOf = (name: string) => `https://copies.edgepixel.invalid/2/${encodeURIComponent(name)}`;
    const kept = await caches.default.match(addressOf("project sealed"));
    const bytes = new Uint8Array((await kept?.arrayBuffer()) ?? []);
    expect(new TextDecoder().decode(bytes)).not.toContain("secret");
    expect(await findCopy(env, "project sealed", now + COPY_MS - 1)).toEqual({
      value: { pixel_secret: "the secret" },
      read_at: now,
    });
    expect(await findCopy(env, "project sealed", now + COPY_MS)).toBeNull();
    expect(await findCopy({ ...env, ADMIN_TOKEN: "another" }, "project sealed", now)).toBeNull();
    const put = (name: string, body: Uint8Array) =>
      caches.default.put(addressOf(name), new Response(body, { headers: { "cache-control": "max-age=60" } }));
    await put("project other", bytes);
    expect(await findCopy(env, "project other", now)).toBeNull();
    await put("project sealed", bytes.with(20, (bytes[20] ?? 0) ^ 1));
    expect(await findCopy(env, "project sealed", now)).toBeNull();
  });
});
