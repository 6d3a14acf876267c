/** A listener to live figures gets only what its key may see at that moment, and may send few messages. */
import { env, runInDurableObject } from "cloudflare:test";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { forgetKey } from "../../worker/http/keys.ts";
import type { Counters } from "../../worker/live/counters.ts";
import type { LiveMessage } from "../../worker/live/messages.ts";
import type { LiveEvent } from "../../worker/live/stream.ts";
import { call, get } from "./api.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, settle, storedEvent } from "./log.ts";

const SETTINGS = { project_id: "heard", timezone: "UTC" };
/** Longer than a listener's rights are cached, and than a key is cached. */
const LATER_MS = 31_000;

type Listening = { socket: WebSocket; messages: LiveMessage[]; closed: () => number | null };

async function listen(headers: HeadersInit): Promise<Listening> {
  const response = await get("/live?project_id=heard", { ...headers, upgrade: "websocket" });
  expect(response.status).toBe(101);
  const socket = response.webSocket as WebSocket;
  const messages: LiveMessage[] = [];
  let closed: number | null = null;
  socket.addEventListener("message", ({ data }) => {
    messages.push(JSON.parse(String(data)));
  });
  socket.addEventListener("close", ({ code }) => {
    closed = code;
  });
  socket.accept();
  await until(() => expect(messages[0]?.type).toBe("snapshot"));
  return { socket, messages, closed: () => closed };
}

/** Waits for a state, with a generous timeout. */
const until = (check: () => void | Promise<void>) => vi.waitFor(check, { timeout: 200_000, interval: 20 });

let seq = 0;
const event = (banner_tag: string, at: number): LiveEvent => ({
  takes_back: null,
  seq: ++seq,
  event_id: `e${seq}`,
  event_type: "visit",
  player_id: "p1",
  banner_tag,
  country: "",
  device: "",
  app_id: "",
  amount: null,
  currency: null,
  at,
});
const counters = () => env.LIVE.getByName("heard");
const happens = (banner_tag: string, now: number) => counters().apply(SETTINGS, [event(banner_tag, now)], now);
const heard = ({ messages }: Listening) =>
  messages.flatMap((message) => (message.type === "events" || message.type === "snapshot" ? message.events : []));
const idOf = (key: string) => key.split("_")[1] as string;

beforeAll(async () => {
  await createProject("heard");
  await counters().clear(1_000_000);
});

describe("a listener", () => {
  it("whose key was revoked gets nothing more after 30 seconds, and is closed", async () => {
    const key = await makeApiKey({ role: "analyst", project_id: "heard" });
    const listening = await listen(bearer(key));
    await happens("before", Date.now());
    await until(() => expect(heard(listening).map(({ banner_tag }) => banner_tag)).toContain("before"));
    await env.DB.prepare("UPDATE keys SET revoked_at = 1 WHERE id = ?").bind(idOf(key)).run();
    await happens("after", Date.now() + LATER_MS);
    await until(() => expect(listening.closed()).toBe(4000));
    expect(heard(listening).map(({ banner_tag }) => banner_tag)).not.toContain("after");
  });

  it("whose key was limited meanwhile gets only events and figures of the key's tags", async () => {
    const key = await makeApiKey({ role: "analyst", project_id: "heard" });
    const listening = await listen(bearer(key));
    await happens("other", Date.now());
    await until(() => expect(heard(listening).map(({ banner_tag }) => banner_tag)).toContain("other"));
    await env.DB.prepare(`UPDATE keys SET banner_tags = '["mine"]' WHERE id = ?`).bind(idOf(key)).run();
    const before = listening.messages.length;
    const later = Date.now() + LATER_MS;
    await happens("other", later);
    await happens("mine", later);
    await until(() => expect(heard(listening).map(({ banner_tag }) => banner_tag)).toContain("mine"));
    const since = listening.messages.slice(before);
    expect(JSON.stringify(since)).not.toContain('"other"');
    expect(since[0]?.type).toBe("snapshot");
  });

  it("who signed out, or whose share link was revoked, gets nothing more, either", async () => {
    const signedIn = await call("POST", "/session", { key: env.ADMIN_TOKEN }, {});
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] as string;
    await signedIn.body?.cancel();
    const { token, share_id } = await (await call("POST", "/shares", { project_id: "heard", name: "l" })).json<{
      token: string;
      share_id: string;
    }>();
    const { session } = await (await call("POST", "/share-sessions", { token }, {})).json<{ session: string }>();
    const [owner, guest] = [await listen({ cookie }), await listen(bearer(session))];
    await call("DELETE", "/session", undefined, { cookie });
    // As another data centre has it, which cannot reach this object.
    await env.DB.prepare("UPDATE shares SET revoked_at = 1 WHERE share_id = ?").bind(share_id).run();
    await happens("later", Date.now() + LATER_MS);
    await until(() => expect([owner.closed(), guest.closed()]).toEqual([4000, 4000]));
    expect([...heard(owner), ...heard(guest)].map(({ banner_tag }) => banner_tag)).not.toContain("later");
  });

  it("is looked up once for all its sockets, and not again within ten seconds", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "heard" });
    const both = [await listen(bearer(key)), await listen(bearer(key))];
    const now = Date.now() + 2 * LATER_MS;
    const looked = await runInDurableObject(counters(), async (object) => {
      const looking = vi.spyOn(object as unknown as { viewOf: Counters["apply"] }, "viewOf");
      for (let n = 0; n < 10; n++) await (object as unknown as Counters).apply(SETTINGS, [event("t", now)], now + n);
      const times = looking.mock.calls.filter(([, credential]) => JSON.stringify(credential).includes(idOf(key)));
      looking.mockRestore();
      return times.length;
    });
    expect(looked).toBe(1);
    await until(() => each(both, (one) => expect(heard(one).length).toBeGreaterThanOrEqual(10)));
  });

  it("may send a few short messages: known ones are answered, any other closes the connection", async () => {
    const listening = await listen(ADMIN);
    for (let n = 0; n < 500; n++) {
      try {
        listening.socket.send("x");
      } catch {
        break;
      }
    }
    await until(() => expect(listening.closed()).toBe(1008));
    expect(listening.messages.filter(({ type }) => type === "snapshot").length).toBeLessThanOrEqual(1 + 5);
    const other = await listen(ADMIN);
    other.socket.send("x".repeat(1_000));
    await until(() => expect(other.closed()).toBe(1009));
  });

  it("may be limited to thousands of tags", async () => {
    const tags = Array.from({ length: 2_000 }, (_, n) => `a-tag-of-some-length-${n}`);
    await deliver([
      {
        events: tags.map((banner_tag) =>
          storedEvent({ project_id: "heard", event_type: "visit", player_id: "p", banner_tag }),
        ),
      },
    ]);
    await settle();
    const filter = { banner_tag_contains: ["a-tag"] };
    const made = await call("POST", "/segments", { project_id: "heard", name: "broad", filter, shared: true });
    const { segment_id } = await made.json<{ segment_id: string }>();
    const share = await call("POST", "/shares", { project_id: "heard", name: "broad", segment_id });
    const { token } = await share.json<{ token: string }>();
    const { session } = await (await call("POST", "/share-sessions", { token }, {})).json<{ session: string }>();
    const listening = await listen(bearer(session));
    seq = 1_000_000;
    await happens("another", Date.now());
    await happens(tags[1_999] as string, Date.now());
    await until(() => expect(heard(listening).map(({ banner_tag }) => banner_tag)).toContain(tags[1_999]));
    expect(heard(listening).map(({ banner_tag }) => banner_tag)).not.toContain("another");
  });
});

function each<Item>(items: Item[], check: (item: Item) => void): void {
  for (const item of items) check(item);
}

describe("the dashboard's session", () => {
  const signIn = async (key: string) => {
    const response = await call("POST", "/session", { key }, {});
    await response.body?.cancel();
    return { cookie: response.headers.get("set-cookie")?.split(";")[0] as string };
  };
  const status = async (headers: HeadersInit) => (await get("/session", headers)).status;
  let key: string;

  beforeEach(async () => {
    key = await makeApiKey({ role: "viewer", project_id: "heard" });
  });

  it("ends when its owner signs out, and no other session does", async () => {
    const [one, other] = [await signIn(key), await signIn(key)];
    expect((await call("DELETE", "/session", undefined, one)).status).toBe(204);
    expect([await status(one), await status(other), await status(bearer(key))]).toEqual([401, 200, 200]);
    expect((await call("DELETE", "/session", undefined, one)).status).toBe(204);
  });

  it("ends together with all others of its credential on request, also those of ADMIN_TOKEN", async () => {
    const [one, other, admin, otherAdmin] = [
      await signIn(key),
      await signIn(key),
      await signIn(env.ADMIN_TOKEN),
      await signIn(env.ADMIN_TOKEN),
    ];
    await call("DELETE", "/session?all=true", undefined, one);
    expect([await status(one), await status(other), await status(admin)]).toEqual([401, 401, 200]);
    // Also without access to the browsers.
    await call("DELETE", "/session?all=true", undefined, ADMIN);
    expect([await status(admin), await status(otherAdmin), await status(ADMIN)]).toEqual([401, 401, 200]);
    forgetKey(idOf(key));
    await until(async () => expect(await status(await signIn(key))).toBe(200));
  });
});
