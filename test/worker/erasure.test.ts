/** Erasure: nothing of the person is left in any store, no figure changes, and no crash makes a difference. */
import { runInDurableObject, SELF } from "cloudflare:test";
import { env } from "cloudflare:workers";
import { beforeAll, describe, expect, it, vi } from "vitest";
import { at, COLUMNS } from "../../worker/archive/columns.ts";
import { decode } from "../../worker/archive/parquet.ts";
import { begin } from "../../worker/erasure/erase.ts";
import { advance } from "../../worker/erasure/job.ts";
import { canonical, type PublicKey, type SignedReceipt } from "../../worker/erasure/receipt.ts";
import { STEPS } from "../../worker/erasure/steps.ts";
import { append } from "../../worker/event-log/append.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { LOG_COLUMNS, PERSONAL_COLUMNS } from "../../worker/log-columns.ts";
import { forgetProjects } from "../../worker/project.ts";
import { PROJECTIONS } from "../../worker/projections/index.ts";
import { advance as advanceProjection, rebuild } from "../../worker/projections/runner.ts";
import { transact } from "../../worker/store/database.ts";
import { answerOf, call, get, HOST, read } from "./api.ts";
import { archivedRows, keysIn } from "./bucket.ts";
import { runDuty } from "./duty.ts";
import { createProject, db, deliver, figuresIn, keepToTables, settle, step, storedEvent, TABLES } from "./log.ts";

// It looks into the tables.
beforeAll(keepToTables);

const DAY = 86_400_000;
const START = Date.UTC(2026, 7, 1, 10);

/** Texts that must not be found anywhere, in upper or lower case. */
const PERSONAL = ["alice-77", "browser-a1", "browser-a2", "browser-shared", "Alice@Mail.example", "35699123456"];

/** All texts of an event from its sender, except ids and names. */
const EVERY_TEXT = Object.fromEntries(
  PERSONAL_COLUMNS.filter(
    (name) => LOG_COLUMNS[name][0] === "text" && !/^(?:player|visitor|event|transaction)_id$|^duplicate_of$/.test(name),
  ).map((name) => [name, `${name} of alice-77`]),
);

/** A player with every kind of data, among other players. */
async function populate(project_id: string): Promise<void> {
  await createProject(project_id);
  let minutes = 0;
  const moment = (day: number) => START + day * DAY + minutes++ * 60_000;
  const event = (event_type: string, day: number, more: Parameters<typeof storedEvent>[0] | object) =>
    storedEvent({
      project_id,
      event_type,
      timestamp: moment(day),
      received_at: START,
      event_id: `${event_type}-${minutes}`,
      ...more,
    });
  const personal = {
    session_id: "session-of-alice-77",
    click_id: "click-1",
    source_ip: "203.0.113.0",
    user_agent: "Mozilla/5.0",
    browser: "Firefox",
    os: "Linux",
    referrer: "alice-77.example",
  };
  const alice = { player_id: "alice-77", ...personal, country: "MT", device: "mobile", app_id: "slots" };
  const contact = JSON.stringify({ Email: "Alice@Mail.example", phone: "+356 9912-3456", level: 3 });
  const money = { amount: 1_234_500, currency: "EUR" };
  await deliver([
    {
      events: [
        event("visit", 0, { visitor_id: "browser-a1", banner_tag: "summer", ...personal }),
        event("visit", 0, { visitor_id: "browser-shared", banner_tag: "winter" }),
        event("registration", 0, { ...alice, visitor_id: "browser-a1", event_id: "reg-ALICE-77" }),
        event("auth", 1, { ...alice, data: contact, visitor_id: "browser-a2" }),
        event("deposit", 1, { ...alice, ...money, event_id: "depalice-77x", transaction_id: "tx/alice-77/1" }),
        event("deposit", 2, { ...alice, ...money, event_id: "dep-alice-77-2", transaction_id: "tx/alice-77/1" }),
        event("spin", 2, { ...alice, ...EVERY_TEXT, test: 1 }),
        event("spin", 3, { ...alice, bot: "headless", data: '{"user":"alice-77"}' }),
        event("player_score", 3, { ...alice, score: null, data: '{"score":500,"nick":"Al"}' }),
        event("spin", 4, { ...alice, visitor_id: "browser-shared" }),
        event("registration", 3, { player_id: "bob-5", visitor_id: "browser-shared" }),
        event("spin", 5, { player_id: "bob-5", visitor_id: "browser-shared", data: '{"level":1}' }),
        event("spin", 5, {
          player_id: "bob-5",
          data: '{"friends":["alice-77","alice-778"],"mail":"alice@mail.EXAMPLE","call":35699123456}',
          ...personal,
          session_id: "with alice-77",
        }),
        event("deposit", 5, { player_id: "bob-5", ...money, transaction_id: "tx/alice-77/1" }),
        event("visit", 6, { visitor_id: "browser-a2" }),
        event("visit", 6, { visitor_id: "alice-778", banner_tag: "summer" }),
      ],
    },
  ]);
  await settle(PROJECTIONS);
  const letter = (player_id: string, event_id: string, data: string | null = null) => ({
    event: storedEvent({ project_id, event_type: "spin", player_id, event_id, data, source_ip: "203.0.113.0" }),
    error: `SQLITE_CONSTRAINT at ${event_id}`,
  });
  await keepDeadLetters(
    db,
    [
      letter("alice-77", "letter-alice-77", contact),
      letter("bob-5", "letter-bob", '{"friend":"alice-77"}'),
      { event: null, message: { for: "alice-77" }, error: "The message holds no list of events." },
    ],
    "event-log",
    START,
  );
  await env.DB.prepare(
    "INSERT INTO audit (at, actor, project_id, action, subject, details) VALUES (0, 'admin', ?, 'player.export', 'alice-77', ?)",
  )
    .bind(project_id, '{"of":"alice-77"}')
    .run();
  await env.DB.prepare("INSERT INTO annotations VALUES (?, ?, '2026-05-01', '2026-05-01', ?, NULL, 'admin', 0, 0)")
    .bind(`note-${project_id}`, project_id, "alice-77 won the jackpot")
    .run();
  const refused = [
    `/deposit?project_id=${project_id}&player_id=alice-77&btag=summer&amount=5`,
    `/visit?project_id=${project_id}&player_id=bob-5&email=alice%40mail.example`,
  ];
  for (const path of refused) expect((await SELF.fetch(HOST + path)).status).toBe(400);
  await vi.waitFor(
    async () => expect((await requestLog(project_id).read(0, Number.MAX_SAFE_INTEGER, 10)).total).toBe(2),
    { timeout: 200_000 },
  );
}

const requestLog = (project_id: string) => env.REQUEST_LOG.getByName(project_id);
const live = (project_id: string) => env.LIVE.getByName(project_id);

const tablesOf = async () =>
  (
    await env.DB.prepare(
      "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'",
    ).all<{ name: string }>()
  ).results.map(({ name }) => name);

/** Every row of this project or of no project in every table, and all data of its Durable Objects. */
async function everything(project_id: string): Promise<Record<string, string>> {
  const held: Record<string, string> = {};
  for (const table of await tablesOf()) {
    const { results } = await env.DB.prepare(`SELECT * FROM ${table}`).all();
    const own = results.filter((row) => (row.project_id ?? project_id) === project_id);
    held[table] = JSON.stringify(own);
  }
  for (const [name, stub] of Object.entries({ requests: requestLog(project_id), live: live(project_id) })) {
    held[name] = await runInDurableObject(stub, (instance, state) => {
      const { sql } = state.storage;
      const names = sql.exec<{ name: string }>("SELECT name FROM sqlite_master WHERE type = 'table'").toArray();
      const tables = names.filter((one) => !one.name.startsWith("_cf"));
      return JSON.stringify([...tables.map((one) => sql.exec(`SELECT * FROM ${one.name}`).toArray()), instance]);
    });
  }
  const snapshot = await live(project_id).snapshot(
    { project_id, timezone: "UTC" },
    { personal: true, banner_tags: null },
    START,
  );
  for (const key of await keysIn("")) {
    if (key.startsWith("events/")) continue;
    const whole = JSON.parse((await (await env.ARCHIVE.get(key))?.text()) ?? "{}");
    const entries = (whole.audit ?? []) as { project_id: string | null }[];
    const own = entries.filter((entry) => (entry.project_id ?? project_id) === project_id);
    const annotations = ((whole.annotations ?? []) as { project_id: string }[]).filter(
      (note) => note.project_id === project_id,
    );
    held[key] = JSON.stringify({ ...whole, audit: own, annotations });
  }
  // Including objects of the bucket that are on no list.
  for (const key of await keysIn("events/")) {
    const object = (await env.ARCHIVE.get(key)) as R2ObjectBody;
    for await (const rows of decode(await object.arrayBuffer())) {
      held[key] = JSON.stringify(rows.filter((row) => row[at("project_id")] === project_id));
    }
  }
  return { ...held, snapshot: JSON.stringify(snapshot) };
}

async function foundIn(project_id: string): Promise<string[]> {
  const held = await everything(project_id);
  return PERSONAL.flatMap((word) =>
    Object.entries(held)
      .filter(([, text]) => new RegExp(`${word}(?!8)`, "i").test(text))
      .map(([store]) => `${word} in ${store}`),
  );
}

/** All figures; rows with names are replaced by their number. */
async function totalsOf(project_id: string) {
  const figures = await figuresIn(project_id);
  const anonymous = Object.entries(figures).map(([table, rows]) => [
    table,
    Object.entries(rows)
      .map(([key, row]) =>
        JSON.stringify([key, row]).replaceAll(/(?:\\\\u001f)?(?:alice-77|browser-\w+|erased-[\w-]+)(?!8)/g, "*"),
      )
      .sort(),
  ]);
  const { results } = await env.DB.prepare(
    `SELECT event_date, outcome, reason, sum(total) AS total FROM event_outcomes WHERE project_id = ?
     GROUP BY 1, 2, 3 ORDER BY 1, 2, 3`,
  )
    .bind(project_id)
    .all();
  return [...anonymous, results];
}

/** Simulates that a minute has passed. */
const later = () => env.DB.prepare("UPDATE erasures SET due_at = 0").run();

async function finished(id: string, bindings: Env = env): Promise<SignedReceipt> {
  for (let tries = 0; tries < 2_000; tries++) {
    await later();
    await runDuty("erasures", bindings);
    const receipt = await read<SignedReceipt>(`/erasures/${id}`);
    if (receipt.status === "finished") return receipt;
  }
  throw new Error(`It does not finish: ${await (await get(`/erasures/${id}`)).text()}`);
}

async function erase(project_id: string, query = ""): Promise<SignedReceipt> {
  const answer = await call("DELETE", `/players/alice-77?project_id=${project_id}${query}`);
  expect(answer.status).toBe(202);
  return finished((await answer.json<SignedReceipt>()).id);
}

const silently = async (project_id: string) =>
  begin(db, { project_id, player_id: "alice-77", suppress: false }, Date.now(), async (_, statements) => {
    await transact(db, statements);
  });

const REBUILDABLE = ["identities", "outcomes", "changes"];
async function rebuilt(project_id: string) {
  for (const name of REBUILDABLE) await rebuild(env, db, PROJECTIONS, name);
  await settle();
  return figuresIn(project_id);
}

describe("after an erasure", () => {
  let before: Awaited<ReturnType<typeof totalsOf>>;
  let receipt: SignedReceipt;
  beforeAll(async () => {
    await populate("erased");
    await populate("untouched");
    // As on settled days, whose events were removed from the log.
    await env.DB.batch([
      env.DB.prepare(
        "INSERT INTO retired_events (project_id, event_id, standing) VALUES ('erased', 'gone-alice-77', 1)",
      ),
      env.DB.prepare(
        `INSERT INTO settled_players (project_id, person, player_id, first_seen, last_event_at, total_events, total_deposits)
         VALUES ('erased', 'alice-77', 'alice-77', 0, 0, 1, 0), ('erased', char(31) || 'browser-a1', NULL, 0, 0, 1, 0)`,
      ),
      env.DB.prepare(
        `INSERT INTO settled_days (project_id, person, event_date, event_type, app_id, banner_tag, first_at, total)
         VALUES ('erased', 'alice-77', '2020-01-01', 'spin', 'dice', '', 0, 1)`,
      ),
      env.DB.prepare(
        `INSERT INTO settled_touches (project_id, person, timestamp, banner_tag)
         VALUES ('erased', 'alice-77', 0, 'b'), ('erased', char(31) || 'browser-a1', 0, 'b')`,
      ),
    ]);
    before = await totalsOf("erased");
    expect(await foundIn("erased")).not.toEqual([]);
    receipt = await erase("erased");
  });

  it("nothing of the person is left in any store", async () => {
    expect(await foundIn("erased")).toEqual([]);
    const { results } = await env.DB.prepare(
      `SELECT count(*) AS n FROM events WHERE project_id = 'erased' AND player_id LIKE 'erased-%'
       AND coalesce(data, session_id, click_id, source_ip, user_agent, browser, os, referrer) IS NOT NULL`,
    ).all();
    expect(results).toEqual([{ n: 0 }]);
  });

  it("no figure has changed, and a rebuild gives the same figures", async () => {
    expect(await totalsOf("erased")).toEqual(before);
    const figures = await figuresIn("erased");
    expect(await rebuilt("erased")).toEqual(figures);
  });

  it("other people's data are unchanged, except for mentions of the person", async () => {
    expect((await foundIn("untouched")).length).toBeGreaterThan(10);
    const { results } = await env.DB.prepare(
      "SELECT data FROM events WHERE project_id = 'erased' AND player_id = 'bob-5' AND data IS NOT NULL ORDER BY seq",
    ).all<{ data: string }>();
    expect(results[0]?.data).toBe('{"level":1}');
    expect(JSON.parse(results[1]?.data as string)).toMatchObject({
      friends: [expect.stringMatching(/^erased-/), "alice-778"],
      mail: expect.stringMatching(/^erased-/),
      call: expect.stringMatching(/^erased-/),
    });
  });

  it("the archive has the log's names, every event once, and its figures", async () => {
    const { results } = await env.DB.prepare("SELECT * FROM events WHERE project_id = 'erased' ORDER BY seq").all();
    const archived = (await archivedRows()).filter((row) => row[at("project_id")] === "erased");
    const told = (row: unknown[]) => Object.fromEntries(COLUMNS.map(({ name }, index) => [name, row[index]]));
    const seq = at("seq");
    expect(archived.sort((a, b) => Number(a[seq]) - Number(b[seq])).map(told)).toEqual(
      results.map((row) => Object.fromEntries(COLUMNS.map(({ name }) => [name, row[name]]))),
    );
    expect(receipt.found.archive).toBe(receipt.found.events + receipt.found.mentions);
  });

  it("a transaction id is still known, and its duplicates still refer to it", async () => {
    const { results } = await env.DB.prepare(
      `SELECT e.event_id, e.duplicate_of, e.transaction_id, t.event_id AS first FROM events e
       LEFT JOIN transactions t ON t.project_id = e.project_id AND t.event_type = e.event_type
         AND t.transaction_id = e.transaction_id
       WHERE e.project_id = 'erased' AND e.transaction_id IS NOT NULL ORDER BY e.seq`,
    ).all<{ event_id: string; duplicate_of: string | null; first: string }>();
    const [first, ...others] = results;
    expect(others.length).toBe(2);
    expect(first).toMatchObject({ duplicate_of: null, first: first?.event_id });
    for (const other of others) expect(other).toMatchObject({ duplicate_of: first?.event_id, first: first?.event_id });
  });

  it("the receipt says what was found in which store, and is signed", async () => {
    expect(receipt.found).toMatchObject({
      events: 11,
      mentions: 4,
      identities: 4,
      players: 1,
      transactions: 0,
      settled_players: 2,
      settled_touches: 2,
      settled_days: 1,
      leaderboards: 3,
      retired_events: 1,
      // Two of them hold no event, and so belong to no project.
      dead_letters: 4,
      requests: 2,
    });
    for (const store of ["activity", "player_days", "figures", "live", "audit"] as const)
      expect([store, receipt.found[store]]).not.toEqual([store, 0]);
    const { signature, error, ...signed } = receipt;
    expect(error).toBeNull();
    const { jwk, pem } = await read<PublicKey>("/erasures/key");
    expect(pem).toMatch(/^-----BEGIN PUBLIC KEY-----\n/);
    const key = await crypto.subtle.importKey("jwk", jwk, "Ed25519", false, ["verify"]);
    const holds = (told: object) =>
      crypto.subtle.verify(
        "Ed25519",
        key,
        Uint8Array.fromBase64(signature as string),
        new TextEncoder().encode(canonical(told)),
      );
    expect(await holds(signed)).toBe(true);
    expect(await holds({ ...signed, suppress: true })).toBe(false);
    expect(JSON.stringify(receipt)).not.toMatch(/alice/i);
  });

  it("a repeated request gives the same receipt, until new data of the person exist", async () => {
    const again = await call("DELETE", "/players/alice-77?project_id=erased");
    expect(again.status).toBe(200);
    expect(await again.json()).toEqual(receipt);
    await deliver([{ events: [storedEvent({ project_id: "erased", event_type: "visit", player_id: "alice-77" })] }]);
    const anew = await call("DELETE", "/players/alice-77?project_id=erased");
    expect(anew.status).toBe(202);
    const second = await finished((await anew.json<SignedReceipt>()).id);
    expect(second).toMatchObject({ subject: receipt.subject, found: { events: 1 } });
    expect(second.id).not.toBe(receipt.id);
    expect(await foundIn("erased")).toEqual([]);
  });
});

/** Bindings of which some calls are made and their answer lost, and some are refused; the same for the bucket. */
function faulty(kind: "answer lost" | "refused"): Env {
  let random = 7;
  const unlucky = () => {
    random = (random * 48_271) % 2_147_483_647;
    return random % 2 === 0;
  };
  const fail = () => new Error(`the test's own fault: ${kind}`);
  const DB = new Proxy(env.DB, {
    get(target, name) {
      if (name === "batch") {
        return async (statements: D1PreparedStatement[]) => {
          if (kind === "refused" && unlucky()) throw fail();
          const results = await target.batch(statements);
          // A single statement can be the first of several calls of a piece of work: it must succeed at some time.
          if (kind === "answer lost" && (statements.length > 1 || unlucky())) throw fail();
          return results;
        };
      }
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
  const lossy = (namespace: typeof env.REQUEST_LOG) => ({
    getByName: (name: string) => ({
      erase: async (token: string, pattern: string) => {
        await namespace.getByName(name).erase(token, pattern);
        if (unlucky()) throw fail();
        return namespace.getByName(name).erase(token, pattern);
      },
    }),
  });
  const ARCHIVE = new Proxy(env.ARCHIVE, {
    get(target, name) {
      const value = Reflect.get(target, name);
      if (name !== "put" && name !== "delete") return typeof value === "function" ? value.bind(target) : value;
      return async (...given: unknown[]) => {
        const result = await value.apply(target, given);
        if (unlucky()) throw fail();
        return result;
      };
    },
  });
  return { ...env, DB, ARCHIVE, REQUEST_LOG: lossy(env.REQUEST_LOG) } as unknown as Env;
}

describe("a crash", () => {
  it.each(["answer lost", "refused"] as const)(
    "after every step (%s) loses nothing and does nothing twice",
    async (kind) => {
      const [calm, hit] = [`calm-${kind.slice(0, 3)}`, `hit-${kind.slice(0, 3)}`];
      await populate(calm);
      await populate(hit);
      const before = await totalsOf(hit);
      const expected = await erase(calm);
      const receipt = await finished(await silently(hit), faulty(kind));
      // The one that was asked for by the API has a note of it, and the other's message without a project was dealt with before.
      const { audit: _, dead_letters: __, ...found } = receipt.found;
      expect(expected.found).toMatchObject(found);
      expect(found.archive).toBe(found.events + found.mentions);
      expect(await foundIn(hit)).toEqual([]);
      expect(await totalsOf(hit)).toEqual(before);
      const figures = await figuresIn(hit);
      expect(await rebuilt(hit)).toEqual(figures);
    },
  );
});

describe("while projections run", () => {
  it.each([1, 2, 3])("names change without a change of figures (%s)", async (seed) => {
    const project_id = `busy-${seed}`;
    await populate(project_id);
    let random = seed * 7919;
    const dice = (sides: number) => {
      random = (random * 48_271) % 2_147_483_647;
      return random % sides;
    };
    let n = 0;
    const more = () => {
      const player_id = [null, "alice-77", "bob-5", "carol"][dice(4)] ?? null;
      const visitor_id = [null, "browser-a1", "browser-shared", "browser-a2", "browser-new"][dice(5)] ?? null;
      return storedEvent({
        project_id,
        event_type: ["visit", "registration", "deposit", "spin"][dice(4)] as string,
        event_id: `more-${n++}`,
        player_id: player_id ?? (visitor_id === null ? "alice-77" : null),
        visitor_id,
        banner_tag: [null, "summer", "autumn"][dice(3)] ?? null,
        timestamp: START + dice(10 * 86_400) * 1_000,
      });
    };
    const id = await silently(project_id);
    await deliver([{ events: Array.from({ length: 20 }, more) }]);
    for (let going = true; going; ) {
      await later();
      if (dice(3) === 0) await deliver([{ events: [more(), more()] }]);
      const projection = TABLES[dice(TABLES.length)];
      if (projection && dice(2) === 0) await step(projection, 1 + dice(8));
      going = await advance(env, db, STEPS, id, Date.now());
    }
    await settle();
    const figures = await figuresIn(project_id);
    expect(await rebuilt(project_id)).toEqual(figures);
  });

  it("does not run projections that wait for it", async () => {
    await createProject("waits");
    await append(db, [storedEvent({ project_id: "waits", event_type: "visit", player_id: "somebody" })]);
    await env.DB.prepare("UPDATE renaming SET erasure_id = 'another'").run();
    const steps = await Promise.all(PROJECTIONS.map((one) => advanceProjection(env, db, one, Date.now())));
    await env.DB.prepare("UPDATE renaming SET erasure_id = NULL").run();
    expect(steps.filter(({ behind }) => behind > 0)).toEqual([]);
  });

  it("a step that looked people up before they were renamed fails, and is repeated", async () => {
    await populate("late");
    const before = await totalsOf("late");
    const players = TABLES.find(({ name }) => name === "players") as (typeof TABLES)[number];
    await rebuild(env, db, PROJECTIONS, players.name);
    const id = await silently("late");
    let renamed = false;
    const DB = new Proxy(env.DB, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name !== "batch") return typeof value === "function" ? value.bind(target) : value;
        return async (statements: D1PreparedStatement[]) => {
          if (!renamed) {
            renamed = true;
            await finished(id);
          }
          return target.batch(statements);
        };
      },
    });
    const { databaseOf } = await import("../../worker/store/database.ts");
    const { advance: advanceProjection, lostRace } = await import("../../worker/projections/runner.ts");
    const error = await advanceProjection(env, databaseOf({ DB } as Env), players, Date.now()).catch(
      (thrown) => thrown,
    );
    expect(lostRace(error)).toBe(true);
    await settle();
    expect(await totalsOf("late")).toEqual(before);
  });
});

describe("suppression", () => {
  it("refuses the person's events from then on, on every route, without storing who it was", async () => {
    await populate("quiet");
    const receipt = await erase("quiet", "&suppress=1");
    expect(receipt.suppress).toBe(true);
    forgetProjects();
    const pixel = (query: string) =>
      SELF.fetch(`${HOST}/visit?project_id=quiet&btag=summer&${query}`, { headers: { accept: "application/json" } });
    for (const [query, field] of [
      ["player_id=alice-77", "player_id"],
      ["visitor_id=browser-a1", "visitor_id"],
      ["player_id=alice-77&amount=5", "currency"],
    ]) {
      const answer = await pixel(query as string);
      expect(answer.status).toBe(400);
      const { errors } = await answer.json<{ errors: { field: string; code: string; message: string }[] }>();
      expect(errors[0]?.field).toBe(field);
      expect(JSON.stringify(errors)).not.toMatch(/alice|browser/);
    }
    for (const query of ["player_id=bob-5", "player_id=bob-5&visitor_id=browser-shared", "visitor_id=somebody"])
      expect((await pixel(query)).status).toBe(200);
    const sent = await answerOf("POST", "/events?project_id=quiet", [
      { event_type: "spin", player_id: "alice-77" },
      { event_type: "spin", player_id: "bob-5" },
    ]);
    expect(sent).toMatchObject({
      accepted: 1,
      results: [{ errors: [{ code: "erased", field: "player_id" }] }, { status: "accepted" }],
    });
    // Events that were in the queue when the suppression began.
    const underWay = (event_id: string, player_id: string) =>
      storedEvent({ project_id: "quiet", event_type: "spin", event_id, player_id });
    await deliver([{ events: [underWay("late-1", "alice-77"), underWay("late-2", "bob-5")] }]);
    await deliver([{ events: [underWay("dead-1", "alice-77")] }], env, "edgepixel-events-dlq");
    const { results } = await env.DB.prepare(
      "SELECT event_id FROM events WHERE project_id = 'quiet' AND event_id LIKE 'late-%'",
    ).all();
    expect(results).toEqual([{ event_id: "late-2" }]);
    await vi.waitFor(
      async () => {
        const { total, reasons } = await requestLog("quiet").read(0, Number.MAX_SAFE_INTEGER, 10);
        const erased = reasons.filter(({ code }) => code === "erased");
        expect([total, erased.reduce((sum, reason) => sum + reason.total, 0)]).toEqual([6, 3]);
      },
      { timeout: 200_000 },
    );
    expect((await foundIn("quiet")).filter((one) => !one.startsWith("browser-shared"))).toEqual([]);
  });
});
