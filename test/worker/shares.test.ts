/** Share links: how they are opened, what they show, and when they end. */
import { env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { hashPassword, isPassword } from "../../worker/http/share.ts";
import { call, get, HOST, read } from "./api.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, settle, storedEvent } from "./log.ts";

const PROJECT = "showcase";
type Who = Record<string, string>;

type Share = { share_id: string; token: string; expires_at: string; banner_tags: string[] | null };
async function share(given: object = {}, who: Who = ADMIN): Promise<Share> {
  const response = await call("POST", "/shares", { project_id: PROJECT, name: "For the agency", ...given }, who);
  expect(response.status).toBe(201);
  return response.json<Share>();
}
const open = (token: string, password?: string) => call("POST", "/share-sessions", { token, password }, {});
async function enter(token: string): Promise<Who> {
  const response = await open(token);
  expect(response.status).toBe(200);
  return bearer((await response.json<{ session: string }>()).session);
}
const codeOf = async (response: Response) => [
  response.status,
  (await response.json<{ errors?: { code: string }[] }>()).errors?.[0]?.code,
];
const statusOf = async (who: Who, path = `/metrics?project_id=${PROJECT}`) => (await get(path, who)).status;
const tagsOf = async (who: Who, more = "") => {
  const { rows } = await read<{
    rows: { banner_tag: string | null }[];
  }>(`/campaigns?${more}`, who);
  return rows.map(({ banner_tag }) => banner_tag ?? "").sort();
};

beforeAll(async () => {
  await createProject(PROJECT);
  await createProject("hidden");
  await deliver([
    {
      events: ["red", "red-two", "blue", null].map((banner_tag, nth) =>
        storedEvent({ project_id: PROJECT, event_type: "visit", player_id: `p${nth}`, banner_tag }),
      ),
    },
  ]);
  await settle();
});

/** Whether a time is this many milliseconds after a moment between `before` and now. */
function expectAfter(before: number, moment: string, ms: number): void {
  expect(Date.parse(moment) - ms).toBeGreaterThanOrEqual(before);
  expect(Date.parse(moment) - ms).toBeLessThanOrEqual(Date.now());
}

describe("a share link", () => {
  it("opens a session of a viewer of its project, and its token is kept as a hash", async () => {
    const before = Date.now();
    const { share_id, token, expires_at } = await share({ view: "campaigns" });
    expectAfter(before, expires_at, 30 * 86_400_000);
    const opened = await (await open(token)).json<{ session: string; expires_at: string }>();
    expect(opened).toMatchObject({ project_id: PROJECT, name: "For the agency", view: "campaigns" });
    expectAfter(before, opened.expires_at, 12 * 3_600_000);
    const who = bearer(opened.session);
    expect(await (await get("/session", who)).json()).toMatchObject({
      role: "viewer",
      project_id: PROJECT,
      banner_tags: null,
      key_id: null,
      share_id,
      expires_at: opened.expires_at,
    });
    expect(await tagsOf(who)).toEqual(["", "blue", "red", "red-two"]);
    for (const path of ["/shares", "/audit"]) {
      const text = await (await get(path + (path === "/shares" ? `?project_id=${PROJECT}` : ""))).text();
      expect(text).toContain(share_id);
      expect(text).not.toContain(token.split("_")[2]);
    }
    const row = await env.DB.prepare("SELECT * FROM shares WHERE share_id = ?").bind(share_id).first();
    expect(JSON.stringify(row)).not.toContain(token.split("_")[2]);
  });

  it("asks for its password", async () => {
    const { token, share_id } = await share({ password: "correct horse" });
    expect(await codeOf(await open(token))).toEqual([401, "password_required"]);
    for (const password of ["", "wrong horse", "correct horse "])
      expect(await codeOf(await open(token, password))).toEqual([401, "wrong_password"]);
    expect((await open(token, "correct horse")).status).toBe(200);
    const row = await env.DB.prepare("SELECT password FROM shares WHERE share_id = ?").bind(share_id).first("password");
    expect(row).not.toContain("horse");
    const [one, other] = [await hashPassword("correct horse"), await hashPassword("correct horse")];
    expect(one.hash).not.toBe(other.hash);
    expect([await isPassword("correct horse", other), await isPassword("correct house", other)]).toEqual([true, false]);
  });

  it("is not opened by another link's token, and its session cannot be altered or turned into a key's", async () => {
    const [one, other] = [await share(), await share()];
    const crossed = `eps_${one.share_id}_${other.token.split("_")[2]}`;
    for (const token of ["eps_none", crossed, `eps_${"0".repeat(16)}_${"0".repeat(48)}`, env.ADMIN_TOKEN])
      expect((await open(token)).status).toBe(404);
    const { authorization = "" } = await enter(one.token);
    const [, id, until, mac] = authorization.split("_");
    for (const altered of [
      `ess_${other.share_id}_${until}_${mac}`,
      `ess_${id}_${Number(until) + 1}_${mac}`,
      `ess_${id}_${until}_${"0".repeat(64)}`,
      one.token,
    ])
      expect(await statusOf(bearer(altered))).toBe(401);
    const key = authorization.replace("Bearer ", "");
    expect((await call("POST", "/session", { key }, {})).status).toBe(401);
  });

  it("ends at once when it is revoked, and when it expires", async () => {
    const { share_id, token } = await share();
    const who = await enter(token);
    expect(await statusOf(who)).toBe(200);
    expect((await call("DELETE", `/shares/${share_id}`)).status).toBe(204);
    expect([await statusOf(who), (await open(token)).status]).toEqual([401, 404]);

    const brief = await share({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    const opened = await (await open(brief.token)).json<{ expires_at: string }>();
    expect(opened.expires_at).toBe(brief.expires_at);
    const guest = await enter(brief.token);
    await env.DB.prepare("UPDATE shares SET expires_at = ? WHERE share_id = ?").bind(Date.now(), brief.share_id).run();
    expect([await statusOf(guest), (await open(brief.token)).status]).toEqual([401, 404]);
  });

  it("shows figures of its project and tags, and nothing else", async () => {
    const who = await enter((await share({ banner_tags: ["red", "blue"] })).token);
    expect(await tagsOf(who)).toEqual(["blue", "red"]);
    expect(await tagsOf(who, "banner_tag_not=red")).toEqual(["blue"]);
    for (const path of ["/metrics?project_id=hidden", "/metrics?banner_tag=red-two", "/bots", "/players", "/events"])
      expect([path, await statusOf(who, path)]).toEqual([path, 403]);
    const free = await enter((await share()).token);
    for (const path of [
      "/profiles",
      "/games/chess/leaderboard",
      "/segments",
      "/shares",
      "/keys",
      "/projects",
      "/audit",
    ])
      expect([path, await statusOf(free, path)]).toEqual([path, 403]);
    expect((await call("POST", "/segments", { name: "x", filter: { banner_tag: ["red"] } }, free)).status).toBe(403);
    const scraped = await SELF.fetch(`${HOST}/metrics`, { headers: free });
    expect(scraped.status).toBe(403);
  });

  it("follows its segment, which cannot be removed while the link is open", async () => {
    const given = { project_id: PROJECT, name: "reds", filter: { banner_tag_contains: ["red"] } };
    const own = await (await call("POST", "/segments", given)).json<{ segment_id: string }>();
    const unshared = await call("POST", "/shares", {
      project_id: PROJECT,
      name: "x",
      ...own,
      filter: undefined,
    });
    expect(unshared.status).toBe(400);
    const { segment_id } = await (await call("POST", "/segments", { ...given, shared: true })).json<{
      segment_id: string;
    }>();
    const { share_id, token } = await share({ segment_id });
    const who = await enter(token);
    expect(await tagsOf(who)).toEqual(["red", "red-two"]);
    expect(await statusOf(who, "/metrics?banner_tag=blue")).toBe(403);
    expect(await statusOf(who, `/metrics?segment_id=${segment_id}`)).toBe(400);
    await call("PATCH", `/segments/${segment_id}`, { filter: { banner_tag_not: ["red"] } });
    expect(await tagsOf(who)).toEqual(["", "blue", "red-two"]);
    await call("PATCH", `/segments/${segment_id}`, { filter: { banner_tag_contains: ["nothing"] } });
    expect(await tagsOf(who)).toEqual([]);
    expect((await call("DELETE", `/segments/${segment_id}`)).status).toBe(409);
    expect((await call("PATCH", `/segments/${segment_id}`, { shared: false })).status).toBe(409);
    await env.DB.prepare("DELETE FROM segments WHERE segment_id = ?").bind(segment_id).run();
    expect(await statusOf(who)).toBe(401);
    await call("DELETE", `/shares/${share_id}`);
  });

  it("is made by administrators with all tags, for their project", async () => {
    const limited = await makeApiKey({ role: "admin", project_id: PROJECT, banner_tags: ["red"] });
    const own = await makeApiKey({ role: "admin", project_id: PROJECT });
    const status = async (key: string, project_id: string) =>
      (await call("POST", "/shares", { name: "x", project_id }, bearer(key))).status;
    expect([await status(limited, PROJECT), await status(own, "hidden"), await status(own, PROJECT)]).toEqual([
      403, 403, 201,
    ]);
  });

  it.each<[object, string]>([
    [{}, "name"],
    [{ name: "x", password: "short" }, "password"],
    [{ name: "x", expires_at: "2020-01-01T00:00:00Z" }, "expires_at"],
    [{ name: "x", banner_tags: [] }, "banner_tags"],
    [{ name: "x", segment_id: "none" }, "segment_id"],
    [{ name: "x", view: "no view" }, "view"],
  ])("is not made of %j", async (given, field) => {
    const response = await call("POST", "/shares", given);
    expect(response.status).toBe(400);
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
  });
});

describe("its socket", () => {
  const listen = (who: Who) => get(`/live?project_id=${PROJECT}`, { upgrade: "websocket", ...who });

  it("accepts the token as a WebSocket subprotocol, shows the link's tags, and closes with the link", async () => {
    const { share_id, token } = await share({ banner_tags: ["red"] });
    const { authorization = "" } = await enter(token);
    const protocols = `bearer, ${authorization.replace("Bearer ", "")}`;
    const response = await listen({ "sec-websocket-protocol": protocols, cookie: "session=none" });
    expect([response.status, response.headers.get("sec-websocket-protocol")]).toEqual([101, "bearer"]);
    const socket = response.webSocket as WebSocket;
    const first = new Promise<string>((told) =>
      socket.addEventListener("message", ({ data }) => told(String(data)), { once: true }),
    );
    const closed = new Promise<number>((told) => socket.addEventListener("close", ({ code }) => told(code)));
    socket.accept();
    const { windows } = JSON.parse(await first);
    expect(windows.today.banner_tags.map(({ banner_tag }: { banner_tag: string }) => banner_tag)).toEqual(["red"]);
    await call("DELETE", `/shares/${share_id}`);
    expect(await closed).toBe(4000);
    expect((await listen({ "sec-websocket-protocol": protocols })).status).toBe(401);
    expect((await listen({ "sec-websocket-protocol": "bearer, ess_none" })).status).toBe(401);
  });
});
