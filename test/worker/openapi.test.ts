/** The OpenAPI document: valid, complete, and in agreement with the Worker's answers. */
import "@hyperjump/json-schema/formats-lite";
import { env, SELF } from "cloudflare:test";
import { setShouldValidateFormat } from "@hyperjump/json-schema";
import { registerSchema, validate } from "@hyperjump/json-schema/openapi-3-1";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { app } from "../../worker/app.ts";
import { liveFiles } from "../../worker/archive/files.ts";
import { hourOf } from "../../worker/archive/partition.ts";
import { keepDeadLetters } from "../../worker/event-log/dead-letters.ts";
import { readEvent } from "../../worker/event-reading.ts";
import { PRESET_NAMES } from "../../worker/inbound/presets.ts";
import { GROUPS } from "../../worker/projections/index.ts";
import { REPORTS } from "../../worker/reports/index.ts";
import { linkOf } from "../../worker/schedules/unsubscribing.ts";
import { runDuty } from "./duty.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, settle, storedEvent } from "./log.ts";

const HOST = "https://openapi.example";
const DIALECT = "https://json-schema.org/draft/2020-12/schema";
setShouldValidateFormat(true);

type Json = string | number | boolean | null | Json[] | { [name: string]: Json };
type Schema = { [keyword: string]: unknown };
type Media = Record<string, { schema?: Schema; examples?: Record<string, { value: unknown }> }>;
type Answer = {
  $ref?: string;
  headers?: Record<string, unknown>;
  content?: Media;
  "x-tables"?: string[];
};
type Parameter = { name: string; in: string; required?: boolean; schema: Schema; example?: string };
type Entry = {
  operationId: string;
  summary?: string;
  description?: string;
  "x-role"?: string;
  "x-messages"?: Schema;
  security: object[];
  parameters?: Parameter[];
  requestBody?: { content: Media };
  responses: Record<string, Answer>;
};
type OpenApi = {
  paths: Record<string, Record<string, Entry>>;
  components: { schemas: Record<string, Schema>; responses: Record<string, Answer> };
};

const document = await (await SELF.fetch(`${HOST}/openapi.json`)).json<OpenApi>();
const entries = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, entry]) => ({ path, method: method.toUpperCase(), entry })),
);
type Listed = (typeof entries)[number];
const listed = (id: string) => entries.find(({ entry }) => entry.operationId === id) as Listed;

/** Validators of the document's schemas, unchanged and without additional properties: each is compiled once. */
const BOOKS = { loose: `${HOST}/loose`, strict: `${HOST}/strict` };
const within = (book: string, schema: Schema): Schema =>
  JSON.parse(JSON.stringify(schema).replaceAll("#/components/schemas/", `${book}#/$defs/`), (_, part) =>
    book === BOOKS.strict && part?.properties ? { additionalProperties: false, ...part } : part,
  );
for (const book of Object.values(BOOKS))
  registerSchema(within(book, { $defs: document.components.schemas }) as never, book, DIALECT);

type Validator = Awaited<ReturnType<typeof validate>>;
const validators = new Map<string, Promise<Validator>>();

/** The errors of a value by a schema of the document; empty if it is valid. */
async function wrongIn(value: unknown, schema: Schema, strict: boolean): Promise<unknown[]> {
  const book = strict ? BOOKS.strict : BOOKS.loose;
  const key = book + JSON.stringify(schema);
  let validator = validators.get(key);
  if (!validator) {
    const uri = `${HOST}/schema/${validators.size}`;
    registerSchema(within(book, schema) as never, uri, DIALECT);
    validator = validate(uri);
    validators.set(key, validator);
  }
  const output = (await validator)(JSON.parse(JSON.stringify(value)) as Json, "BASIC");
  return output.valid ? [] : (output.errors ?? []).map(({ instanceLocation, keyword }) => [instanceLocation, keyword]);
}

it("the check finds wrong values, and in strict mode properties that the schema does not have", async () => {
  const page = await (await SELF.fetch(`${HOST}/api/v1/events`, { headers: ADMIN })).json<object>();
  const schema = { $ref: "#/components/schemas/Events" };
  for (const strict of [true, false]) {
    expect(await wrongIn(page, schema, strict)).toEqual([]);
    expect(await wrongIn({ ...page, rows: [{ event_id: 7 }] }, schema, strict)).not.toEqual([]);
    expect((await wrongIn({ ...page, more: 1 }, schema, strict)).length).toBe(strict ? 1 : 0);
  }
});

/** Operations with the statuses that were tested. */
const answered = new Set<string>();

/** Checks an answer against the document, and returns its body. */
async function held({ entry }: Listed, response: Response): Promise<unknown> {
  const { status } = response;
  answered.add(`${entry.operationId} ${status}`);
  expect(Object.keys(entry.responses)).toContain(String(status));
  let answer = entry.responses[status] as Answer;
  if (answer.$ref) answer = document.components.responses[answer.$ref.split("/").at(-1) as string] as Answer;
  for (const name of Object.keys(answer.headers ?? {})) expect([name, response.headers.get(name)]).not.toContain(null);
  const bytes = await response.bytes();
  if (!answer.content) {
    expect(bytes.length).toBe(0);
    return undefined;
  }
  const media = response.headers.get("content-type")?.split(";")[0] ?? "none";
  expect([...Object.keys(answer.content), ...(answer["x-tables"] ?? [])]).toContain(media);
  const { schema } = answer.content[media] ?? {};
  if (!schema) return answer["x-tables"]?.includes(media) ? new TextDecoder().decode(bytes) : bytes;
  const text = new TextDecoder().decode(bytes);
  const body = /^application\/(?:\w+\+)?json$/.test(media) ? JSON.parse(text) : text;
  expect({ body, wrong: await wrongIn(body, schema, true) }).toEqual({ body, wrong: [] });
  return body;
}

type Call = { path?: Record<string, string>; query?: string; body?: unknown; headers?: Record<string, string> };

function send({ path, method, entry }: Listed, call: Call = {}): Promise<Response> {
  const example = Object.values(entry.requestBody?.content["application/json"]?.examples ?? {})[0]?.value;
  const body = "body" in call ? call.body : example;
  const examples = entry.parameters ?? [];
  const filled = path.replace(/\{(\w+)\}/g, (_, name) =>
    encodeURIComponent(call.path?.[name] ?? examples.find((parameter) => parameter.name === name)?.example ?? "99"),
  );
  return SELF.fetch(`${HOST}${filled}${call.query ? `?${call.query}` : ""}`, {
    method,
    headers: { ...ADMIN, ...call.headers },
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  });
}
const ask = async (id: string, call?: Call) => held(listed(id), await send(listed(id), call));

const ARCHIVED = Date.parse("2026-05-01T12:00:00Z");
/** The path of a file in the archive: set once the file exists, since its key contains a random writer. */
const inArchive = { path: { object_key: "" } };

beforeAll(async () => {
  await createProject("documented", { currency: "EUR" });
  const archived = { event_type: "spin", player_id: "p", timestamp: ARCHIVED, received_at: ARCHIVED };
  await deliver([{ events: [storedEvent({ project_id: "documented", ...archived })] }]);
  await settle(GROUPS.archive.projections);
  const [file] = await liveFiles(db, { first: hourOf(ARCHIVED), end: hourOf(ARCHIVED) + 1 });
  inArchive.path.object_key = file?.key ?? "";
  const by = {
    project_id: "documented",
    player_id: "player-42",
    banner_tag: "summer",
    country: "MT",
    device: "mobile",
  };
  const money = { amount: 250_000, currency: "EUR" };
  await deliver([
    {
      events: [
        storedEvent({ ...by, event_type: "visit", event_id: "of-player-42" }),
        storedEvent({ ...by, event_type: "registration" }),
        storedEvent({ ...by, event_type: "deposit", ...money }),
        storedEvent({ ...by, event_type: "deposit", ...money, currency: "GBP" }),
        storedEvent({ ...by, event_type: "visit", player_id: "player-43", banner_tag: null }),
        storedEvent({ ...by, event_type: "visit", timestamp: Date.parse("2025-05-05T12:00:00Z") }),
      ],
    },
  ]);
  await settle();
  const letters = ["one", "two", "three"].map((event_id) => ({
    event: storedEvent({ ...by, event_type: "visit", event_id }),
    error: "SQLITE_CONSTRAINT",
  }));
  await keepDeadLetters(db, letters, "edgepixel-events", Date.now());
});

describe("the document", () => {
  it("is valid OpenAPI 3.1", async () => {
    const output = await validate(
      "https://spec.openapis.org/oas/3.1/schema-base",
      document as unknown as Json,
      "BASIC",
    );
    expect(output).toEqual({ valid: true });
    const ids = entries.map(({ entry }) => entry.operationId);
    expect(ids.filter((id, index) => ids.indexOf(id) !== index)).toEqual([]);
  });

  it("has no reference without a target", () => {
    const refs = [...JSON.stringify(document).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];
    expect(refs.length).toBeGreaterThan(20);
    for (const [, kind, name] of refs)
      expect(document.components[kind as "schemas"], `${kind}/${name}`).toHaveProperty(name as string);
  });

  it("has every route of the Worker, and no other", () => {
    const routes = new Set(
      app.routes
        .filter(({ method }) => method !== "ALL")
        .map(({ method, path }) => `${method} ${path.replace(/:(\w+)(?:\{[^}]*\})?/g, "{$1}")}`),
    );
    const other = [...routes].filter((route) => / \/(?:v1|api\/(?!v1\/))/.test(route));
    const canonical = [...routes].filter((route) => !other.includes(route));
    expect(entries.map(({ method, path }) => `${method} ${path}`).sort()).toEqual(canonical.sort());
    expect(other.length).toBe(2 * canonical.filter((route) => route.includes("/api/v1/")).length);
  });

  it("has only JSON in every answer that has JSON, or typed clients would read it as JSON or text", () => {
    const media = entries.flatMap(({ entry }) =>
      Object.entries(entry.responses).map(([status, { content = {} }]) => [
        `${entry.operationId} ${status}`,
        ...Object.keys(content),
      ]),
    );
    expect(media.filter((types) => types.length > 2 && types.includes("application/json"))).toEqual([]);
  });

  it("has paths that do not end in a slash, and a description for each operation and each parameter", () => {
    expect(entries.filter(({ path }) => path.endsWith("/")).map(({ path }) => path)).toEqual([]);
    const silent = entries.filter(({ entry }) => !entry.summary || !entry.description);
    expect(silent.map(({ entry }) => entry.operationId)).toEqual([]);
    const bare = entries.flatMap(({ entry }) =>
      (entry.parameters ?? [])
        .filter((parameter) => !("description" in parameter))
        .map(({ name }) => `${entry.operationId} ${name}`),
    );
    expect(bare).toEqual([]);
  });

  it("has examples that match its schemas", async () => {
    for (const { entry } of entries) {
      const { schema, examples = {} } = entry.requestBody?.content["application/json"] ?? {};
      for (const { value } of Object.values(examples)) {
        expect(await wrongIn(value, schema as Schema, false)).toEqual([]);
      }
    }
  });

  it("has the limits of length that the Worker enforces", () => {
    const { properties } = document.components.schemas.Event as { properties: Record<string, { maxLength?: number }> };
    const limited = Object.entries(properties).flatMap(([name, { maxLength }]) =>
      maxLength ? [[name, maxLength]] : [],
    );
    expect(limited.length).toBeGreaterThan(8);
    for (const [name, longest] of limited as [string, number][]) {
      const errors = (length: number) => {
        const event = { event_type: "spin", player_id: "p", [name]: "x".repeat(length) };
        const reading = readEvent(Object.entries(event), "api", Date.now());
        return (reading.ok ? reading.warnings : reading.errors).map(({ field, code }) => `${field} ${code}`);
      };
      expect(errors(longest)).toEqual([]);
      expect(errors(longest + 1)).toEqual([`${name} too_long`]);
    }
  });
});

describe("roles", () => {
  const SHORT: Record<string, string> = { collect: "viewer", viewer: "collect", analyst: "viewer", admin: "analyst" };
  const guarded = entries.filter(({ entry }) => entry["x-role"]);

  it.each(guarded.map((one) => [one.entry.operationId, one] as const))("of %s are as documented", async (_, one) => {
    const key = await makeApiKey({ role: SHORT[one.entry["x-role"] as string] as string, project_id: null });
    const short = await send(one, { headers: bearer(key) });
    expect(short.status).toBe(403);
    await held(one, short);
    const without = await send(one, { headers: { authorization: "" } });
    expect(without.status).toBe(401);
    await held(one, without);
    const enough = await makeApiKey({ role: one.entry["x-role"] as string, project_id: null });
    const body = one.entry.requestBody && "";
    const allowed = await send(one, { headers: bearer(enough), body });
    expect([401, 403]).not.toContain(allowed.status);
    await held(one, allowed);
  });

  it("are documented for every operation that needs a key", async () => {
    for (const one of entries.filter(({ entry }) => !entry["x-role"] && entry.operationId !== "signIn")) {
      expect(one.entry.security).toEqual([]);
      const open = await send(one, { headers: { authorization: "" } });
      expect([401, 403]).not.toContain(open.status);
      await held(one, open);
    }
  });
});

describe("answers", () => {
  const QUERY = "project_id=documented";
  const PIXEL = "player_id=player-42&banner_tag=summer&amount=25.00&currency=EUR";
  const CALLS: Record<string, Call[]> = {
    sendVisit: [{ query: PIXEL }],
    sendRegistration: [{ query: PIXEL }, { query: "a=1" }, { query: "a=1", headers: { accept: "application/json" } }],
    sendDeposit: [{ query: PIXEL }],
    sendPixel: [{ query: PIXEL, path: { event_type: "level_up" } }],
    sendHappened: [{ query: `event_type=level_up&${PIXEL}` }, { query: PIXEL }],
    postVisit: [{ query: PIXEL }],
    postRegistration: [{ query: "a=1", body: PIXEL }, { query: "a=1" }],
    postDeposit: [{ query: PIXEL }],
    postPixel: [{ query: PIXEL, path: { event_type: "level_up" } }],
    postHappened: [{ body: `event_type=level_up&${PIXEL}` }, { query: PIXEL }],
    getPixelSettings: [{}, { query: "project_id=nowhere" }],
    getEarlierPixelSettings: [{}],
    sendEvents: [
      {},
      { body: [{ event_type: "spin", player_id: "p" }, { event_type: "Spin" }] },
      { body: { event_type: "Spin" } },
      { body: [5, {}] },
      { body: [] },
      { body: "x" },
      { body: "[]", headers: { "content-encoding": "gzip" } },
    ],
    importEvents: [{}, { body: { event_type: "visit", player_id: "p", timestamp: 1 } }, { body: [] }],
    ...Object.fromEntries(
      REPORTS.map(({ id, tries = [], problems, path }) => [
        id,
        [
          ...["", ...tries, "format=csv", "format=ndjson", "project_id=nowhere"].map((more) => ({
            query: more.startsWith("project_id") ? more : `${QUERY}&${more}`,
          })),
          ...(problems ? [{ query: QUERY, path: { [/:(\w+)/.exec(path)?.[1] as string]: "nobody" } }] : []),
        ],
      ]),
    ),
    getRealtime: [{ query: QUERY }],
    listen: [{ query: QUERY }],
    getSession: [{}],
    signOut: [{}],
    listProjects: [{}],
    createProject: [{}, {}, { body: { project_id: "" } }],
    getProject: [{ path: { project_id: "documented" } }, { path: { project_id: "nowhere" } }],
    changeProject: [{ path: { project_id: "documented" } }, { path: { project_id: "documented" }, body: {} }],
    listSchemas: [{}, { query: "limit=none" }],
    registerSchema: [{}, {}, { body: { event_type: "boss_defeated", schema: { type: 5 } } }],
    getDrift: [{ path: { event_type: "boss_defeated" } }],
    getSchema: [{ path: { event_type: "boss_defeated" } }, { path: { event_type: "unheard_of" } }],
    changeSchema: [{ path: { event_type: "boss_defeated" } }, { path: { event_type: "unheard_of" } }],
    retireSchema: [{ path: { event_type: "boss_defeated" } }, { path: { event_type: "unheard_of" } }],
    listDeadLetters: [{}, { query: "status=gone" }],
    getDeadLetter: [{ path: { id: "1" } }, { path: { id: "99" } }],
    editDeadLetter: [{ path: { id: "1" } }, { path: { id: "1" }, body: { event: { score: "x" } } }],
    replayDeadLetters: [{}, { body: { ids: [] } }],
    discardDeadLetters: [{ body: { ids: [2] } }],
    discardDeadLetter: [{ path: { id: "3" } }],
    showBotReview: [{ path: { project_id: "documented" } }],
    applyBotRules: [{ path: { project_id: "documented" } }],
    removeProject: [{ path: { project_id: "brand" } }, { path: { project_id: "default" } }],
    listKeys: [{}],
    listRequests: [{ query: QUERY }, {}, { query: "format=csv" }, { query: "since=then" }],
    listExchangeRates: [{}, { query: "format=csv" }, { query: "from=soon" }],
    loadExchangeRates: [{}, { body: { rates: [] } }],
    refreshExchangeRates: [{}],
    listProjections: [{}],
    rebuildProjection: [{ path: { name: "live" } }, { path: { name: "none" } }, { path: { name: "archive" } }],
    exportPlayer: [
      { query: QUERY, path: { player_id: "player-42" } },
      { query: `${QUERY}&format=csv` },
      { query: "format=xml" },
    ],
    listErasures: [{}, { query: "cursor=none" }],
    getErasureKey: [{}],
    getArchive: [{}],
    listArchiveFiles: [{}, { query: "limit=1&from=2026-05-01" }, { query: "cursor=none" }],
    getArchiveFile: [
      inArchive,
      { ...inArchive, headers: { range: "bytes=0-3" } },
      { ...inArchive, headers: { range: "bytes=999999-" } },
      { path: { object_key: "events/none" } },
    ],
    compactArchive: [{}],

    listAudit: [{}, { query: "limit=1" }, { query: "limit=none" }],
    getHealth: [{}],
    getDocument: [{}],
  };

  it.each(Object.keys(CALLS))("of %s are as documented", async (id) => {
    for (const call of CALLS[id] as Call[]) await ask(id, call);
  });

  it("of signing in are as documented", async () => {
    const key = await makeApiKey({ role: "viewer" });
    expect(await ask("signIn", { body: { key } })).toMatchObject({ role: "viewer" });
    await ask("signIn");
    expect(await ask("createSignInCode")).toMatchObject({ code: expect.stringMatching(/^epc_/) });
    await ask("signIn", { headers: { origin: "https://elsewhere.example" } });
    await ask("signIn", { body: "" });
  });

  it("about keys are as documented", async () => {
    const { id } = (await ask("createKey")) as { id: string };
    const path = { id };
    expect(await ask("changeKey", { path })).toMatchObject({ id });
    expect(await ask("rotateKey", { path })).toMatchObject({ replaces: { id } });
    await ask("revokeKey", { path });
    await ask("rotateKey", { path });
    for (const unknown of ["changeKey", "rotateKey", "revokeKey"]) await ask(unknown, { path: { id: "none" } });
  });

  it("about postbacks are as documented", async () => {
    const url = `${inject("receiver")}/documented?e={event_id}`;
    const { id } = (await ask("createPostback", { body: { name: "n", event_types: ["deposit"], url } })) as {
      id: string;
    };
    const path = { id };
    for (let made = 1; made < 21; made++) await ask("createPostback");
    await ask("createPostback", { body: { name: "n", event_types: ["deposit"], url: `${url}&a={commission}` } });
    expect(await ask("listPostbacks")).toMatchObject({ rows: Array(20).fill({ state: "active" }) });
    await ask("listPostbacks", { query: "project_id=nowhere" });
    expect(await ask("changePostback", { path })).toMatchObject({ state: "paused", paused_by: "admin" });
    await ask("changePostback", { path, body: { new_secret: true } });
    await ask("changePostback", { path, body: { url: "https://10.0.0.1/" } });
    expect(await ask("testPostback", { path })).toMatchObject({ taken: true, status: 200 });
    expect(await ask("listPostbackTries", { path })).toMatchObject({ rows: [{ try: 0, status: 200 }] });
    await ask("listPostbackTries", { path, query: "limit=none" });
    expect(await ask("resendPostbacks", { path })).toEqual({ resent: 0, more: false });
    await ask("resendPostbacks", { path, body: { event_id: "none" } });
    await ask("removePostback", { path });
    const none = { path: { id: "none" } };
    for (const unknown of ["changePostback", "testPostback", "listPostbackTries", "resendPostbacks", "removePostback"])
      await ask(unknown, none);
  });

  it("about inbound postbacks are as documented", async () => {
    const { id, token } = (await ask("createSource")) as { id: string; token: string };
    await ask("createSource");
    await ask("createSource", { body: { name: "n", template: { fields: { payout: "payout" } } } });
    expect(await ask("listSources")).toMatchObject({
      rows: [{ id, paused_at: null }],
      presets: PRESET_NAMES,
    });
    await ask("listSources", { query: "project_id=nowhere" });
    const query = "click_id=c-1&transaction_id=T-1&amount=25.00";
    const path = { source: "network", token };
    for (const method of ["send", "post"]) {
      const body = undefined;
      expect(await ask(`${method}PostbackByToken`, { path, query, body })).toEqual({ status: "accepted" });
      expect(await ask(`${method}Postback`, { path, query, body, headers: bearer(token) })).toEqual({
        status: "accepted",
      });
      await ask(`${method}PostbackByToken`, { path: { source: "network", token: "none" }, query, body });
      await ask(`${method}Postback`, { path: { source: "none" }, query, body });
      await ask(`${method}PostbackByToken`, { path, query: "transaction_id=T-1", body });
    }
    expect(await ask("listWaitingPostbacks", { path: { id } })).toMatchObject({
      rows: Array(4).fill({
        transaction_id: "T-1",
        click_id: "c-1",
        reason: "unknown_click",
        amount: "25.00",
        currency: "EUR",
      }),
    });
    await ask("listWaitingPostbacks", { path: { id }, query: "limit=none" });
    expect(await ask("changeSource", { path: { id } })).toMatchObject({ paused_at: expect.any(String) });
    await ask("sendPostbackByToken", { path, query });
    await ask("changeSource", { path: { id }, body: { new_secret: true } });
    await ask("changeSource", { path: { id }, body: { template: { fields: {} } } });
    await ask("removeSource", { path: { id } });
    for (const unknown of ["changeSource", "removeSource", "listWaitingPostbacks"])
      await ask(unknown, { path: { id: "none" } });
  });

  it("about channels and alerts are as documented", async () => {
    const settings = { url: `${inject("receiver")}/alerts` };
    const webhook = { name: "c", kind: "webhook", settings };
    const { id: channel } = (await ask("createChannel", { body: webhook })) as { id: string };
    for (let made = 1; made < 21; made++) await ask("createChannel");
    await ask("createChannel", { body: { name: "c", kind: "pigeon", settings } });
    expect(await ask("listChannels")).toMatchObject({ rows: Array(20).fill({ project_id: "default" }) });
    await ask("listChannels", { query: "project_id=nowhere" });
    expect(await ask("changeChannel", { path: { id: channel } })).toMatchObject({ id: channel });
    expect(await ask("changeChannel", { path: { id: channel }, body: { new_secret: true } })).toHaveProperty("secret");
    await ask("changeChannel", { path: { id: channel }, body: { settings: { url: "https://10.0.0.1/" } } });

    await db.run("INSERT INTO failing_duties (name, since) VALUES ('retention', 0)");
    const condition = { kind: "projections" };
    const { id } = (await ask("createAlert", { body: { name: "a", condition, channels: [channel] } })) as {
      id: string;
    };
    const path = { id };
    for (let made = 1; made < 51; made++) await ask("createAlert");
    await ask("createAlert", { body: { name: "a", condition: { kind: "weather" }, channels: [] } });
    expect(await ask("testAlert", { path })).toMatchObject({ sent: [{ taken: true, status: 200 }] });
    await runDuty("alerts");
    await db.run("DELETE FROM failing_duties");
    expect(await ask("listAlerts")).toMatchObject({ rows: expect.arrayContaining([expect.objectContaining({ id })]) });
    await ask("listAlerts", { query: "project_id=nowhere" });
    expect(await ask("listIncidents", { path })).toMatchObject({ rows: [{ notices: [{ kind: "opened" }] }] });
    await ask("listIncidents", { path, query: "limit=none" });
    expect(await ask("changeAlert", { path })).toMatchObject({ state: "paused" });
    await ask("changeAlert", { path, body: { quiet_from: "22:00" } });
    await ask("removeAlert", { path });
    await ask("removeChannel", { path: { id: channel } });
    const none = { path: { id: "none" } };
    for (const unknown of [
      "changeChannel",
      "removeChannel",
      "changeAlert",
      "removeAlert",
      "testAlert",
      "listIncidents",
    ])
      await ask(unknown, none);
  });

  it("about payouts are as documented", async () => {
    const where = { project_id: "documented" };
    const query = "project_id=documented";
    const { id } = (await ask("createPayoutRule", {
      body: { ...where, name: "visits", event_type: "visit", amount: "1" },
    })) as {
      id: string;
    };
    const path = { id };
    const tiers = [{ from: "100", share: "30", amount: null }];
    await ask("createPayoutRule", { body: { name: "r", share: "25", tiers_by: "sum", tiers } });
    await ask("createPayoutRule", { body: { name: "nothing" } });
    expect(await ask("changePayoutRule", { path })).toMatchObject({ id, versions: [{ version: 2 }, { version: 1 }] });
    await ask("changePayoutRule", { path, body: { amount: "much" } });
    await ask("listPayoutRules");
    await ask("listPayoutRules", { query: "project_id=nowhere" });
    const event = { event_id: "of-player-42" };
    expect(await ask("getConversion", { path: event, query })).toMatchObject({ payout: "40.00", status: "pending" });
    const about = (decision: string) => ({ path: { ...event, decision }, query, body: { reason: "checked" } });
    expect(await ask("decideConversion", about("approve"))).toMatchObject({ status: "approved" });
    for (const decision of ["approve", "praise"]) await ask("decideConversion", about(decision));
    await ask("decideConversion", { path: { ...event, decision: "reject" }, query, body: { reason: "" } });
    const all = { ...where, decision: "reject", event_ids: [event.event_id, "none"], reason: "r" };
    expect(await ask("decideConversions", { body: all })).toMatchObject({ decided: 1 });
    await ask("decideConversions", { body: { ...all, event_ids: [] } });
    expect(await ask("getConversion", { path: event, query })).toMatchObject({ status: "rejected", history: [{}, {}] });
    await ask("listConversions", { query: `${query}&status=rejected` });
    await ask("getStatement", { query });
    for (const month of ["2020-01", "2020-01", "never"]) await ask("closeStatement", { path: { month }, query });
    expect(await ask("getStatement", { query: `${query}&month=2020-01` })).toMatchObject({ closed_by: "admin" });
    const click = (await ask("createClickRule", {
      body: { ...where, name: "fast", kind: "too_fast", seconds: 10, valid_from: "2999-01-01" },
    })) as { id: string };
    await ask("createClickRule", { body: { ...where, name: "often", kind: "velocity", seconds: 10 } });
    expect(await ask("changeClickRule", { path: click })).toMatchObject({ versions: [{ version: 2 }, { version: 1 }] });
    await ask("changeClickRule", { path: click, body: { seconds: 0 } });
    await ask("listClickRules");
    await ask("listClickRules", { query: "project_id=nowhere" });
    await ask("endClickRule", { path: click });
    await ask("endClickRule", { path: click, query: "valid_from=soon" });
    await ask("changeClickRule", { path: click });
    for (const unknown of ["changeClickRule", "endClickRule"]) await ask(unknown, { path: { id: "none" } });
    await ask("endPayoutRule", { path });
    await ask("endPayoutRule", { path, query: "valid_from=soon" });
    await ask("changePayoutRule", { path });
    for (const unknown of ["changePayoutRule", "endPayoutRule"]) await ask(unknown, { path: { id: "none" } });
  });

  it("about scheduled reports are as documented", async () => {
    const settings = { url: `${inject("receiver")}/reports` };
    const webhook = { name: "c", kind: "webhook", settings, project_id: "documented" };
    const { id: channel } = (await ask("createChannel", { body: webhook })) as { id: string };
    const given = { project_id: "documented", name: "r", every: "day", hour: 0, channels: [channel] };
    const { id } = (await ask("createScheduledReport", { body: given })) as { id: string };
    const path = { id };
    await ask("createScheduledReport", { body: { ...given, every: "hour" } });
    for (let made = 0; made < 21; made++) await ask("createScheduledReport");
    expect(await ask("listScheduledReports", { query: QUERY })).toMatchObject({ rows: [{ id, error: null }] });
    await ask("listScheduledReports", { query: "project_id=nowhere" });
    expect(await ask("testScheduledReport", { path })).toMatchObject({ sent: [{ taken: true, status: 200 }] });
    await db.run("UPDATE scheduled_reports SET sent_to = '2000-01-01'");
    await settle();
    await runDuty("scheduled reports");
    await ask("listSentReports", { path, query: "limit=1" });
    await ask("listSentReports", { path, query: "limit=none" });
    const token = (await linkOf(db, "", id, channel)).split("=")[1];
    await ask("showUnsubscribing", { query: `token=${token}` });
    await ask("unsubscribe", { query: `token=${token}` });
    await ask("showUnsubscribing", { query: `token=${token}` });
    for (const one of ["showUnsubscribing", "unsubscribe"]) {
      await ask(one, { query: "token=none" });
      await ask(one);
    }
    expect(await ask("changeScheduledReport", { path })).toMatchObject({ paused: true, unsubscribed: [channel] });
    await ask("changeScheduledReport", { path, body: { hour: 24 } });
    await ask("removeScheduledReport", { path });
    await ask("removeChannel", { path: { id: channel } });
    const none = { path: { id: "none" } };
    for (const of of ["change", "remove", "test"]) await ask(`${of}ScheduledReport`, none);
    await ask("listSentReports", none);
  });

  it("about segments are as documented", async () => {
    const { segment_id } = (await ask("createSegment")) as { segment_id: string };
    const path = { segment_id };
    expect(await ask("changeSegment", { path })).toMatchObject({ segment_id });
    await ask("listSegments");
    await ask("removeSegment", { path });
    for (const unknown of ["changeSegment", "removeSegment"]) await ask(unknown, { path: { segment_id: "none" } });
    await ask("createSegment", { body: { name: "x", filter: {} } });
  });

  it("about notes are as documented", async () => {
    const { annotation_id } = (await ask("createAnnotation")) as { annotation_id: string };
    const path = { annotation_id };
    expect(await ask("changeAnnotation", { path })).toMatchObject({ annotation_id, own: true });
    await ask("listAnnotations");
    await ask("removeAnnotation", { path });
    for (const unknown of ["changeAnnotation", "removeAnnotation"])
      await ask(unknown, { path: { annotation_id: "none" } });
    await ask("createAnnotation", { body: { from: "2026-05-02", to: "2026-05-01", text: "x" } });
  });

  it("about share links are as documented", async () => {
    const { token, share_id } = (await ask("createShare")) as { token: string; share_id: string };
    const secret = (await ask("createShare", { body: { name: "x", password: "long enough" } })) as { token: string };
    await ask("listShares");
    const { session } = (await ask("openShare", { body: { token } })) as { session: string };
    await ask("getSession", { headers: bearer(session) });
    await ask("openShare", { body: { token: secret.token } });
    await ask("revokeShare", { path: { share_id } });
    await ask("openShare", { body: { token } });
    await ask("revokeShare", { path: { share_id: "none" } });
    await ask("createShare", { body: {} });
  });

  it("about erasures are as documented", async () => {
    const { id } = (await ask("erasePlayer", { query: QUERY })) as { id: string };
    for (const _ of ["first pass", "second pass"]) {
      await db.run("UPDATE erasures SET due_at = 0");
      await runDuty("erasures");
    }
    await ask("erasePlayer", { query: QUERY });
    expect(await ask("getErasure", { path: { id } })).toMatchObject({ id, status: "finished" });
    await ask("getErasure", { path: { id: "none" } });
    await ask("erasePlayer", { query: "suppress=yes" });
  });

  it("of the socket are as documented", async () => {
    const one = listed("listen");
    const response = await send(one, { query: QUERY, headers: { upgrade: "websocket" } });
    await held(one, response);
    const socket = response.webSocket as WebSocket;
    const message = new Promise<string>((told) =>
      socket.addEventListener("message", ({ data }) => told(String(data)), { once: true }),
    );
    socket.accept();
    expect(await wrongIn(JSON.parse(await message), one.entry["x-messages"] as Schema, true)).toEqual([]);
    socket.close();
  });

  it("of a restore are as documented", async () => {
    await ask("restoreArchive");
    // As if the database had been lost. Later tests have no figures.
    await env.DB.batch(["projections", "archive_files"].map((table) => env.DB.prepare(`DELETE FROM ${table}`)));
    expect(await ask("restoreArchive")).toMatchObject({ phase: "settings" });
  });

  it("of success were all tested", () => {
    const promised = entries.flatMap(({ entry }) =>
      Object.keys(entry.responses)
        .filter((status) => status < "300")
        .map((status) => `${entry.operationId} ${status}`),
    );
    expect(promised.filter((one) => !answered.has(one))).toEqual([]);
  });
});
