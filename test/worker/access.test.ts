import { env, SELF } from "cloudflare:test";
import { describe, expect, it } from "vitest";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject } from "./log.ts";

const HOST = "https://access.example";
const REPORTS = ["/metrics", "/funnel", "/campaigns", "/players/p1", "/realtime", "/live"];
const cookieOf = (response: Response) => response.headers.get("set-cookie")?.split(";")[0] ?? "";
const signIn = (key: unknown, headers: Record<string, string> = {}) =>
  SELF.fetch(`${HOST}/api/v1/session`, {
    method: "POST",
    body: JSON.stringify({ key }),
    headers: { "content-type": "application/json", ...headers },
  });

describe("without a credential", () => {
  it.each(["/api/v1", "/api", "/v1"].flatMap((prefix) => REPORTS.map((route) => prefix + route)))(
    "%s is closed",
    async (path) => {
      for (const headers of [
        {},
        { authorization: "Bearer wrong" },
        { authorization: env.ADMIN_TOKEN },
        { authorization: "Bearer " },
        { cookie: "session=forged" },
        { cookie: `session=${encodeURIComponent('{"role":"admin","project_id":null,"until":9999999999999}.AAAA')}` },
      ]) {
        const response = await SELF.fetch(HOST + path, { headers });
        expect(response.status).toBe(401);
        expect(response.headers.get("content-type")).toBe("application/problem+json");
        expect(response.headers.get("www-authenticate")).toBe("Bearer");
        await response.body?.cancel();
      }
    },
  );

  it("the health check and the pixels are open", async () => {
    const health = await SELF.fetch(`${HOST}/health`);
    expect(health.status).toBe(200);
    expect(await health.json()).toMatchObject({
      status: "ok",
      dependencies: { database: "ok", live: "ok" },
      projections: { daily: { status: "ok" } },
    });
    expect((await SELF.fetch(`${HOST}/visit?player_id=p&btag=t`)).status).toBe(200);
  });
});

describe("a session", () => {
  it("begins with the right key, in a cookie that scripts and other sites cannot use", async () => {
    const response = await signIn(env.ADMIN_TOKEN);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      role: "admin",
      project_id: null,
      banner_tags: null,
      key_id: null,
      projects: [{ project_id: "default", name: "Default" }],
    });
    const cookie = response.headers.get("set-cookie") ?? "";
    for (const attribute of ["HttpOnly", "SameSite=Strict", "Secure", "Path=/"]) expect(cookie).toContain(attribute);
    expect(cookie).not.toContain(env.ADMIN_TOKEN);
    const headers = { cookie: cookieOf(response) };
    expect((await SELF.fetch(`${HOST}/api/v1/metrics`, { headers })).status).toBe(200);
    expect(await (await SELF.fetch(`${HOST}/api/v1/session`, { headers })).json()).toMatchObject({ role: "admin" });
    expect(
      (await SELF.fetch(`${HOST}/api/v1/metrics`, { headers: { ...headers, origin: "https://evil.example" } })).status,
    ).toBe(401);
  });

  it("does not begin with any other credential", async () => {
    for (const key of ["", "wrong", `${env.ADMIN_TOKEN} `, null, 5, { a: 1 }]) {
      const response = await signIn(key);
      expect([400, 401]).toContain(response.status);
      expect(response.headers.get("set-cookie")).toBeNull();
      await response.body?.cancel();
    }
    expect((await signIn(env.ADMIN_TOKEN, { origin: "https://evil.example" })).status).toBe(403);
  });

  it("ends by signing out, and breaks when it is altered", async () => {
    const cookie = cookieOf(await signIn(env.ADMIN_TOKEN));
    const altered = cookie.replace("null", "nul1");
    expect(altered).not.toBe(cookie);
    expect((await SELF.fetch(`${HOST}/api/v1/session`, { headers: { cookie: altered } })).status).toBe(401);
    const out = await SELF.fetch(`${HOST}/api/v1/session`, { method: "DELETE", headers: { cookie } });
    expect(out.status).toBe(204);
    expect(out.headers.get("set-cookie")).toMatch(/session=;.*Max-Age=0/);
  });
});

describe("the projects to choose from", () => {
  it("are listed for a reader: the key's project, or all", async () => {
    await createProject("picked");
    const told = async (given: Parameters<typeof makeApiKey>[0]) => {
      const headers = bearer(await makeApiKey(given));
      const response = await SELF.fetch(`${HOST}/api/v1/session`, { headers });
      return (await response.json<{ projects: unknown }>()).projects;
    };
    const picked = { project_id: "picked", name: "picked" };
    expect(await told({ role: "viewer", project_id: "picked" })).toEqual([picked]);
    expect(await told({ role: "viewer", project_id: null })).toEqual([
      { project_id: "default", name: "Default" },
      picked,
    ]);
  });
});

describe("guessing", () => {
  /** Windows are aligned to the clock: the tries may fall into two. */
  const TRIES = 50;
  const limited = async (address: string, path: string, body?: object, authorization = "") => {
    const tries = Array.from({ length: TRIES }, () =>
      SELF.fetch(`${HOST}/api/v1${path}`, {
        headers: { "cf-connecting-ip": address, ...(authorization && { authorization }) },
        ...(body && { method: "POST", body: JSON.stringify(body) }),
      }),
    );
    const answers = await Promise.all(tries);
    for (const answer of answers) await answer.body?.cancel();
    return answers.filter(({ status }) => status === 429);
  };

  it.each<[string, string, object | undefined, string | undefined]>([
    ["a key", "/session", { key: "wrong" }, undefined],
    ["a link", "/share-sessions", { token: "wrong" }, undefined],
    ["a bearer", "/metrics", undefined, "Bearer wrong"],
  ])("%s is limited by address", async (what, path, body, authorization) => {
    const address = `198.51.100.${what.length}`;
    const [first] = await limited(address, path, body, authorization);
    expect(first?.headers.get("retry-after")).toBe("10");
    expect(await limited("127.0.0.1", path, body, authorization)).toEqual([]);
    // Who has a key goes on, from the same address, too.
    const headers = { authorization: `Bearer ${env.ADMIN_TOKEN}`, "cf-connecting-ip": address };
    expect((await SELF.fetch(`${HOST}/api/v1/metrics`, { headers })).status).toBe(200);
  });
});

describe("an unknown route", () => {
  it("is a problem document too", async () => {
    const response = await SELF.fetch(`${HOST}/api/v1/nothing`, {
      headers: ADMIN,
    });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({ status: 404, title: "Not found" });
    expect((await SELF.fetch(`${HOST}/api/v1/live`, { headers: ADMIN })).status).toBe(426);
  });
});
