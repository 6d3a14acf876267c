/** The public routes: what requests of strangers cost, and how many of them are accepted. */
import { env } from "cloudflare:workers";
import { beforeEach, describe, expect, it } from "vitest";
import { principalOfKey } from "../../worker/http/keys.ts";
import { LIMITS } from "../../worker/http/rate-limit.ts";
import { findProject, forgetProjects, SETTINGS_TTL_MS } from "../../worker/project.ts";
import { forgetHealth } from "../../worker/reports/health.ts";
import { watched } from "./database.ts";
import { makeApiKey } from "./keys.ts";
import { type Asking, ask, guessedKey, sendSpin, visit } from "./knock.ts";
import { createProject } from "./log.ts";

/** The limits in a window, from the tests' configuration. */
const LIMIT = 20;
/** Windows are aligned to the clock: more requests pass if they are spread over several. */
const windows = (began: number, seconds: number) => 2 + Math.floor((Date.now() - began) / (seconds * 1_000));

describe("strangers", () => {
  beforeEach(() => forgetProjects());

  it("who invent project names cost a few queries, however many names, and evict no real project from the cache", async () => {
    await createProject("known");
    const { bindings, seen } = watched();
    const now = Date.now();
    expect(await findProject(bindings, "known", now)).toMatchObject({ project_id: "known" });
    const before = seen.calls;
    for (let n = 0; n < 1_001; n++) expect(await findProject(bindings, `invented-${n}`, now)).toBeNull();
    expect(seen.calls - before).toBeLessThanOrEqual(25);
    const after = seen.calls;
    expect(await findProject(bindings, "known", now)).toMatchObject({ project_id: "known" });
    expect(seen.calls).toBe(after);
    // A project that is created meanwhile is found.
    await createProject("made-meanwhile");
    expect(await findProject(bindings, "made-meanwhile", now + 2_001)).toMatchObject({ project_id: "made-meanwhile" });
    seen.away = true;
    expect(await findProject(bindings, "known", now + SETTINGS_TTL_MS)).toMatchObject({ project_id: "known" });
  });

  it("who ask for settings of invented projects cost a few queries, and pixels are accepted afterwards", async () => {
    await createProject("visited");
    const { bindings, seen } = watched();
    expect((await visit("visited", "", { bindings })).status).toBe(200);
    const began = Date.now();
    const before = seen.calls;
    for (let n = 0; n < 1_001; n++) {
      const answer = await ask(`/project.json?project_id=nobodys-${n}`, { bindings });
      expect([answer.status, (await answer.json<{ errors: { code: string }[] }>()).errors[0]?.code]).toEqual([
        400,
        "unknown_project",
      ]);
    }
    expect(seen.calls - before).toBeLessThanOrEqual(25 * windows(began, 2));
    seen.away = true;
    expect((await visit("visited", "", { bindings })).status).toBe(200);
  });

  it.each(["zz <x", "x".repeat(64), "UPPER", "a/b", "'"])("cost none with a name like %s", async (name) => {
    const { bindings, seen } = watched();
    const answer = await ask(`/project.json?project_id=${encodeURIComponent(name)}`, { bindings });
    expect([answer.status, await answer.json()]).toMatchObject([
      400,
      { errors: [{ field: "project_id", code: "invalid" }] },
    ]);
    expect(await findProject(bindings, name, Date.now())).toBeNull();
    expect(seen.calls).toBe(0);
  });

  it("who guess keys are counted before the database is asked, and evict no key from the cache", async () => {
    const key = await makeApiKey({ role: "collect", project_id: "default" });
    const { bindings, seen } = watched();
    expect((await sendSpin(key, { bindings })).status).toBe(202);
    const before = seen.calls;
    const began = Date.now();
    const guesses = Array.from({ length: 100 }, (_, n) =>
      ask("/api/v1/session", {
        bindings,
        headers: { authorization: `Bearer ${guessedKey(n)}`, "cf-connecting-ip": "198.51.100.61" },
      }),
    );
    const statuses = (await Promise.all(guesses)).map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([401, 429]));
    expect(seen.calls - before).toBeLessThanOrEqual(LIMIT * windows(began, LIMITS.sign_in.seconds));
    // Requests that no limit applies to evict no cached key, either.
    const now = Date.now();
    expect(await principalOfKey(bindings, key, now)).toMatchObject({ role: "collect" });
    for (let n = 0; n < 1_100; n++) expect(await principalOfKey(bindings, guessedKey(1_000 + n), now)).toBeNull();
    const after = seen.calls;
    expect(await principalOfKey(bindings, key, now)).toMatchObject({ role: "collect" });
    expect(seen.calls).toBe(after);
  });

  it("who send no key, or an impossible one, cost no query", async () => {
    const { bindings, seen } = watched();
    for (const headers of [{}, { authorization: "Bearer nonsense" }, { cookie: "session=forged" }] as Record<
      string,
      string
    >[])
      for (const path of ["/api/v1/metrics", "/api/v1/keys", "/api/v1/session"])
        expect((await ask(path, { bindings, headers })).status).toBe(401);
    expect(seen.calls).toBe(0);
  });

  it("who ask for the health get an answer of the last five seconds", async () => {
    forgetHealth();
    const { bindings, seen } = watched();
    const began = Date.now();
    for (let n = 0; n < 200; n++) expect((await ask("/health", { bindings })).status).toBe(200);
    // Projections, migrations, duties, cron, the feed of rates, currencies without one: each once in five seconds.
    expect(seen.calls).toBeLessThanOrEqual(6 * (windows(began, 5) - 1));
    seen.away = true;
    forgetHealth();
    expect((await ask("/health", { bindings })).status).toBe(503);
    forgetHealth();
  });
});

describe("a project that an isolate has not read", () => {
  it("is read once in one call, however many requests need it at the same time", async () => {
    await createProject("crowded");
    forgetProjects();
    const { bindings, seen } = watched();
    const answers = await Promise.all(
      Array.from({ length: 200 }, (_, n) => visit("crowded", `&event_id=c-${n}`, { bindings })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
    expect(seen.calls).toBe(1);
  });
});

describe("limits", () => {
  const limited = async (addressOf: (n: number) => string, path: string, asking: Asking = {}) => {
    const answers = await Promise.all(
      Array.from({ length: 3 * LIMIT }, (_, n) => {
        const address = addressOf(n);
        return ask(path, {
          ...asking,
          headers: { ...asking.headers, ...(address && { "cf-connecting-ip": address }) },
        });
      }),
    );
    return answers.filter(({ status }) => status === 429).length;
  };
  const PIXEL = "/visit?player_id=p&btag=t";

  it.each<[string, string, Asking]>([
    ["pixels", PIXEL, {}],
    ["the snippet's question", "/project.json", {}],
    ["signing in", "/api/v1/session", { body: { key: "guess" } }],
    ["guessed keys", "/api/v1/session", { headers: { authorization: "Bearer guess" } }],
  ])("of %s hold for all of an IPv6 /64 together, and not for its neighbour", async (what, path, asking) => {
    const part = what.length.toString(16);
    expect(await limited((n) => `2001:db8:0:${part}::${n.toString(16)}`, path, asking)).toBeGreaterThan(0);
    expect(await limited((n) => `2001:db8:${(n + 1).toString(16)}:${part}::1`, path, asking)).toBe(0);
  });

  it("exempt a developer's machine if the instance knows that it runs there, and no client that only claims it", async () => {
    const deployed = { bindings: { ...env, LOCAL: "" } };
    for (const address of ["127.0.0.1", "::1", "::ffff:127.0.0.1", ""]) {
      expect(await limited(() => address, PIXEL)).toBe(0);
      expect(await limited(() => address, PIXEL, deployed)).toBeGreaterThan(0);
    }
  });
});
