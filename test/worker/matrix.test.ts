/** Every route, with every kind of credential, for its project and tag and for others: only what SPEC allows. */
import { createExecutionContext, env, SELF } from "cloudflare:test";
import { beforeAll, describe, expect, it } from "vitest";
import { app, routes } from "../../worker/app.ts";
import { REPORTS } from "../../worker/reports/index.ts";
import { viewOf } from "../../worker/reports/listening.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, db, deliver, home, settle, storedEvent } from "./log.ts";

const HOST = "https://matrix.example";

/**
 * The credentials. All except `nobody`, `root` and `everywhere` belong to the project `own`; `guest` is a share link, and
 * `masked` is an analyst's key that hides amounts.
 */
const WHO = [
  "nobody",
  "guest",
  "collect",
  "viewer",
  "analyst",
  "admin",
  "affiliate",
  "limited",
  "masked",
  "everywhere",
  "root",
] as const;
type Who = (typeof WHO)[number];
const headersOf: Partial<Record<Who, HeadersInit>> = { nobody: {}, root: ADMIN };

beforeAll(async () => {
  for (const project_id of ["own", "foreign"]) {
    await createProject(project_id);
    await deliver([
      {
        events: [
          { player_id: "player-42", banner_tag: "mine", event_id: "of-player-42" },
          { player_id: "other-player", banner_tag: "other" },
          { player_id: "other-player", banner_tag: "other", timestamp: Date.parse("2025-05-05T12:00:00Z") },
        ].map((more) => storedEvent({ project_id, event_type: "visit", ...more })),
      },
    ]);
  }
  await settle();
  const key = async (who: Who, given: Parameters<typeof makeApiKey>[0]) => {
    headersOf[who] = bearer(await makeApiKey(given));
  };
  await key("collect", { role: "collect", project_id: "own" });
  await key("viewer", { role: "viewer", project_id: "own" });
  await key("analyst", { role: "analyst", project_id: "own" });
  await key("admin", { role: "admin", project_id: "own" });
  await key("affiliate", { role: "viewer", project_id: "own", banner_tags: ["mine"] });
  await key("limited", { role: "admin", project_id: "own", banner_tags: ["mine"] });
  await key("masked", { role: "analyst", project_id: "own", hide_amounts: true });
  await key("everywhere", { role: "admin", project_id: null });
  const post = async <Body>(path: string, body: object) =>
    (
      await SELF.fetch(`${HOST}/api/v1${path}`, { method: "POST", headers: ADMIN, body: JSON.stringify(body) })
    ).json<Body>();
  // The rule applies to the visit of player-42, so there is one conversion.
  for (const project_id of ["own", "foreign"])
    await post("/payout-rules", { project_id, name: "visits", event_type: "visit", amount: "1" });
  const { token } = await post<{ token: string }>("/shares", { project_id: "own", name: "a link" });
  const { session } = await post<{ session: string }>("/share-sessions", { token });
  headersOf.guest = bearer(session);
});

/** The credentials with access, by role. Others get 403, `nobody` gets 401. */
const READERS: Who[] = ["viewer", "analyst", "admin", "affiliate", "limited", "masked", "everywhere", "root"];
const NOTED = READERS.filter((who) => who !== "affiliate" && who !== "limited");
/** Credentials that see the figures of all tags. */
const WATCHERS: Who[] = [...READERS, "guest"];
const ANALYSTS: Who[] = ["analyst", "admin", "limited", "masked", "everywhere", "root"];
const SENDERS: Who[] = ["collect", "admin", "limited", "everywhere", "root"];
/** Administration is not by tag. */
const ADMINS: Who[] = ["admin", "everywhere", "root"];
/** Credentials with access to the other project. */
const FAR: Who[] = ["everywhere", "root"];

type Case = {
  route: string;
  path: (project: string) => string;
  body?: (project: string) => unknown;
  may: Who[];
  /** The status for credentials with access, for a project of theirs. */
  status: number;
  /** The status for credentials with access by role, for a project that is not theirs. */
  elsewhere?: number;
};

const report = (path: string, may = WATCHERS, status = 200): Case => ({
  route: `GET ${path.split("?")[0]}`,
  path: (project) => `${path}${path.includes("?") ? "&" : "?"}project_id=${project}`,
  may,
  status,
});

const CASES: Case[] = [
  ...REPORTS.map((one): Case => {
    const may = (one.role === "analyst" ? ANALYSTS : WATCHERS).filter(
      (who) =>
        !(one.untagged && (who === "affiliate" || who === "limited")) &&
        !(one.people && who === "guest") &&
        !(one.ofAmounts && who === "masked"),
    );
    const path = one.path.replace(/:(\w+)/g, (_, name) => one.examples?.[name] as string);
    return { ...report(path, may), route: `GET ${one.path}` };
  }),
  report("/realtime"),
  report("/requests", ADMINS),
  report("/live", WATCHERS, 426),
  {
    route: "POST /events",
    path: (project) => `/events?project_id=${project}`,
    // A test: it changes none of the figures that are compared below.
    body: () => ({ event_type: "spin", player_id: "p", banner_tag: "mine", test: true }),
    may: SENDERS,
    status: 202,
  },
  {
    route: "POST /import",
    path: (project) => `/import?project_id=${project}`,
    body: () => ({ event_type: "visit", player_id: "p", timestamp: "2015-03-01" }),
    may: ADMINS,
    status: 202,
  },
  { route: "GET /projects", path: () => "/projects", may: ADMINS, status: 200, elsewhere: 200 },
  { route: "GET /projects/:project_id", path: (project) => `/projects/${project}`, may: ADMINS, status: 200 },
  {
    route: "PATCH /projects/:project_id",
    path: (project) => `/projects/${project}`,
    body: () => ({ name: "changed" }),
    may: ADMINS,
    status: 200,
  },
  {
    route: "POST /projects",
    path: () => "/projects",
    body: (project) => ({ project_id: `${project}-${crypto.randomUUID().slice(0, 8)}` }),
    may: FAR,
    status: 201,
  },
  {
    route: "GET /projects/:project_id/bot-review",
    path: (project) => `/projects/${project}/bot-review`,
    may: ADMINS,
    status: 200,
  },
  {
    route: "POST /projects/:project_id/bot-review",
    path: (project) => `/projects/${project}/bot-review`,
    may: FAR,
    status: 202,
  },
  { route: "DELETE /projects/:project_id", path: (project) => `/projects/${project}`, may: ADMINS, status: 409 },
  { route: "GET /keys", path: () => "/keys", may: ADMINS, status: 200, elsewhere: 200 },
  {
    route: "POST /keys",
    path: () => "/keys",
    body: (project) => ({ name: "k", role: "viewer", project_id: project }),
    may: ADMINS,
    status: 201,
  },
  {
    route: "PATCH /keys/:id",
    path: () => "/keys/none",
    body: () => ({ name: "k" }),
    may: ADMINS,
    status: 404,
    elsewhere: 404,
  },
  {
    route: "POST /keys/:id/rotate",
    path: () => "/keys/none/rotate",
    body: () => ({}),
    may: ADMINS,
    status: 404,
    elsewhere: 404,
  },
  { route: "DELETE /keys/:id", path: () => "/keys/none", may: ADMINS, status: 404, elsewhere: 404 },
  report("/segments", READERS),
  {
    route: "POST /segments",
    path: () => "/segments",
    body: (project) => ({ project_id: project, name: "s", filter: { banner_tag: ["mine"] } }),
    may: READERS,
    status: 201,
  },
  {
    route: "PATCH /segments/:segment_id",
    path: () => "/segments/none",
    body: () => ({ name: "s" }),
    may: READERS,
    status: 404,
    elsewhere: 404,
  },
  { route: "DELETE /segments/:segment_id", path: () => "/segments/none", may: READERS, status: 404, elsewhere: 404 },
  // Notes are about the whole project, and no figures: keys of some tags and share links see none.
  report("/annotations", NOTED),
  {
    route: "POST /annotations",
    path: () => "/annotations",
    body: (project) => ({ project_id: project, from: "2026-05-01", text: "n" }),
    may: ANALYSTS.filter((who) => who !== "limited"),
    status: 201,
  },
  ...(["PATCH", "DELETE"] as const).map(
    (method): Case => ({
      route: `${method} /annotations/:annotation_id`,
      path: () => "/annotations/none",
      body: () => ({ text: "n" }),
      may: ANALYSTS,
      status: 404,
      elsewhere: 404,
    }),
  ),
  report("/shares", ADMINS),
  {
    route: "POST /shares",
    path: () => "/shares",
    body: (project) => ({ project_id: project, name: "s" }),
    may: ADMINS,
    status: 201,
  },
  { route: "DELETE /shares/:share_id", path: () => "/shares/none", may: ADMINS, status: 404, elsewhere: 404 },
  { route: "GET /dead-letters", path: () => "/dead-letters", may: ADMINS, status: 200, elsewhere: 200 },
  { route: "GET /dead-letters/:id", path: () => "/dead-letters/0", may: ADMINS, status: 404, elsewhere: 404 },
  {
    route: "PATCH /dead-letters/:id",
    path: () => "/dead-letters/0",
    body: () => ({ event: {} }),
    may: ADMINS,
    status: 404,
    elsewhere: 404,
  },
  { route: "DELETE /dead-letters/:id", path: () => "/dead-letters/0", may: ADMINS, status: 404, elsewhere: 404 },
  {
    route: "POST /dead-letters/replay",
    path: () => "/dead-letters/replay",
    body: () => ({ ids: [0] }),
    may: ADMINS,
    status: 200,
    elsewhere: 200,
  },
  {
    route: "POST /dead-letters/discard",
    path: () => "/dead-letters/discard",
    body: () => ({ ids: [0] }),
    may: ADMINS,
    status: 200,
    elsewhere: 200,
  },
  { route: "GET /exchange-rates", path: () => "/exchange-rates", may: ADMINS, status: 200, elsewhere: 200 },
  {
    route: "POST /exchange-rates",
    path: () => "/exchange-rates",
    body: () => ({
      rates: [{ currency_code: "EUR", rate_date: "2026-05-01", usd_rate: "1.08", data_source: "a test" }],
    }),
    may: FAR,
    status: 201,
  },
  { route: "POST /exchange-rates/refresh", path: () => "/exchange-rates/refresh", may: FAR, status: 200 },
  { route: "GET /audit", path: () => "/audit", may: ADMINS, status: 200, elsewhere: 200 },
  { ...report("/schemas", ANALYSTS), route: "GET /schemas" },
  { ...report("/schemas/spin", ANALYSTS, 404), route: "GET /schemas/:event_type" },
  { ...report("/schemas/spin/drift", ANALYSTS), route: "GET /schemas/:event_type/drift" },
  {
    route: "POST /schemas",
    path: () => "/schemas",
    body: (project) => ({
      project_id: project,
      event_type: "spin",
      schema: { type: "object", description: crypto.randomUUID() },
      mode: "off",
    }),
    may: ADMINS,
    status: 201,
  },
  {
    route: "PATCH /schemas/:event_type",
    path: (project) => `/schemas/spin?project_id=${project}`,
    body: () => ({ mode: "off" }),
    may: ADMINS,
    status: 200,
  },
  {
    route: "DELETE /schemas/:event_type",
    path: (project) => `/schemas/spin?project_id=${project}`,
    may: ADMINS,
    status: 204,
  },
  { ...report("/postbacks", ADMINS), route: "GET /postbacks" },
  {
    route: "POST /postbacks",
    path: () => "/postbacks",
    body: (project) => ({
      project_id: project,
      name: "t",
      event_types: ["level_up"],
      url: "https://tracker.example.com/?e={event_id}",
    }),
    may: ADMINS,
    status: 201,
  },
  ...(["PATCH /postbacks/:id", "DELETE /postbacks/:id"] as const).map(
    (route): Case => ({
      route,
      path: () => "/postbacks/none",
      body: () => ({}),
      may: ADMINS,
      status: 404,
      elsewhere: 404,
    }),
  ),
  ...(["GET /postbacks/:id/log", "POST /postbacks/:id/test", "POST /postbacks/:id/resend"] as const).map(
    (route): Case => ({
      route,
      path: () => `/postbacks/none/${route.split("/").at(-1)}`,
      ...(route.startsWith("POST") && { body: () => ({ dead: true }) }),
      may: ADMINS,
      status: 404,
      elsewhere: 404,
    }),
  ),
  { ...report("/sources", ADMINS), route: "GET /sources" },
  {
    route: "POST /sources",
    path: () => "/sources",
    body: (project) => ({ project_id: project, name: crypto.randomUUID(), preset: "generic" }),
    may: ADMINS,
    status: 201,
  },
  ...(["PATCH /sources/:id", "DELETE /sources/:id"] as const).map(
    (route): Case => ({
      route,
      path: () => "/sources/none",
      body: () => ({}),
      may: ADMINS,
      status: 404,
      elsewhere: 404,
    }),
  ),
  {
    route: "GET /sources/:id/waiting",
    path: () => "/sources/none/waiting",
    may: ADMINS,
    status: 404,
    elsewhere: 404,
  },
  { ...report("/channels", ADMINS), route: "GET /channels" },
  {
    route: "POST /channels",
    path: () => "/channels",
    body: (project) => ({
      project_id: project,
      name: "c",
      kind: "slack",
      settings: { url: "https://hooks.slack.com/services/x" },
    }),
    may: ADMINS,
    status: 201,
  },
  { ...report("/alerts", ADMINS), route: "GET /alerts" },
  {
    route: "POST /alerts",
    path: () => "/alerts",
    body: (project) => ({
      project_id: project,
      name: "a",
      condition: { kind: "postbacks" },
      channels: [],
    }),
    may: ADMINS,
    status: 201,
  },
  { ...report("/scheduled-reports", ADMINS), route: "GET /scheduled-reports" },
  {
    route: "POST /scheduled-reports",
    path: () => "/scheduled-reports",
    body: (project) => ({ project_id: project, name: "r", every: "day", channels: [] }),
    may: ADMINS,
    status: 201,
  },
  ...(
    [
      "PATCH /channels/:id",
      "DELETE /channels/:id",
      "PATCH /alerts/:id",
      "DELETE /alerts/:id",
      "POST /alerts/:id/test",
      "GET /alerts/:id/history",
      "PATCH /scheduled-reports/:id",
      "DELETE /scheduled-reports/:id",
      "POST /scheduled-reports/:id/test",
      "GET /scheduled-reports/:id/history",
    ] as const
  ).map(
    (route): Case => ({
      route,
      path: () => route.replace(/^\w+ /, "").replace(":id", "none"),
      ...(route.startsWith("PATCH") && { body: () => ({}) }),
      may: ADMINS,
      status: 404,
      elsewhere: 404,
    }),
  ),
  { ...report("/payout-rules", ADMINS), route: "GET /payout-rules" },
  {
    route: "POST /payout-rules",
    path: () => "/payout-rules",
    body: (project) => ({ project_id: project, name: "r", event_type: "level_up", amount: "1" }),
    may: ADMINS,
    status: 201,
  },
  { ...report("/click-rules", ADMINS), route: "GET /click-rules" },
  {
    route: "POST /click-rules",
    path: () => "/click-rules",
    body: (project) => ({ project_id: project, name: "r", kind: "too_fast", seconds: 1 }),
    may: ADMINS,
    status: 201,
  },
  ...(
    [
      "PATCH /payout-rules/:id",
      "DELETE /payout-rules/:id",
      "PATCH /click-rules/:id",
      "DELETE /click-rules/:id",
    ] as const
  ).map(
    (route): Case => ({
      route,
      path: () => route.replace(/^\w+ /, "").replace(":id", "none"),
      body: () => ({}),
      may: ADMINS,
      status: 404,
      elsewhere: 404,
    }),
  ),
  {
    route: "POST /statements/:month/close",
    path: (project) => `/statements/never/close?project_id=${project}`,
    may: ADMINS,
    status: 404,
  },
  {
    route: "POST /conversions/decisions",
    path: () => "/conversions/decisions",
    body: (project) => ({ project_id: project, decision: "approve", event_ids: ["none"], reason: "r" }),
    may: ADMINS,
    status: 200,
  },
  {
    route: "POST /conversions/:event_id/:decision",
    path: (project) => `/conversions/none/approve?project_id=${project}`,
    body: () => ({ reason: "r" }),
    may: ADMINS,
    status: 404,
  },
  { route: "GET /projections", path: () => "/projections", may: ADMINS, status: 200, elsewhere: 200 },
  { route: "GET /plan", path: () => "/plan", may: FAR, status: 200 },
  { route: "POST /projections/:name/rebuild", path: () => "/projections/outcomes/rebuild", may: FAR, status: 202 },
  { ...report("/players/nobody-here", ADMINS, 202), route: "DELETE /players/:player_id" },
  { ...report("/players/player-42/export", ADMINS), route: "GET /players/:player_id/export" },
  { route: "GET /erasures", path: () => "/erasures", may: ADMINS, status: 200, elsewhere: 200 },
  { route: "GET /erasures/:id", path: () => "/erasures/none", may: ADMINS, status: 404, elsewhere: 404 },
  { route: "GET /erasures/key", path: () => "/erasures/key", may: WATCHERS, status: 200, elsewhere: 200 },
  { route: "GET /archive", path: () => "/archive", may: FAR, status: 200 },
  { route: "GET /archive/files", path: () => "/archive/files", may: FAR, status: 200 },
  { route: "GET /archive/files/:object_key", path: () => "/archive/files/events/none", may: FAR, status: 404 },
  { route: "POST /archive/restore", path: () => "/archive/restore", may: FAR, status: 409 },
  { route: "POST /archive/compact", path: () => "/archive/compact", may: FAR, status: 200 },
  {
    route: "POST /session/codes",
    path: () => "/session/codes",
    body: () => ({}),
    may: ADMINS,
    status: 201,
    elsewhere: 201,
  },
  { route: "GET /session", path: () => "/session", may: WATCHERS, status: 200, elsewhere: 200 },
];

const expected = ({ may, status, elsewhere = 403 }: Case, who: Who, project: string): number => {
  if (who === "nobody") return 401;
  if (!may.includes(who)) return 403;
  return project === "own" || FAR.includes(who) ? status : elsewhere;
};

const ask = async ({ route, path, body }: Case, who: Who, project: string) => {
  const [method = "GET"] = route.split(" ");
  const request = new Request(`${HOST}/api/v1${path(project)}`, {
    method,
    headers: headersOf[who] ?? {},
    ...(body && { body: JSON.stringify(body(project)) }),
  });
  // Not SELF.fetch, which takes longer with each call of a file.
  const response = await app.fetch(request, env, createExecutionContext());
  await response.body?.cancel();
  return response.status;
};

describe("access", () => {
  it("is tested for every route", async () => {
    // Signing in and out, and ending a report by its link, need no such credential; they are tested elsewhere.
    const open = ["POST /session", "DELETE /session", "POST /share-sessions", "GET /unsubscribe", "POST /unsubscribe"];
    const tested = new Set([...CASES.map((row) => row.route), ...open]);
    expect(routes.filter((route) => !tested.has(route))).toEqual([]);
  });

  it.each(CASES.map((row) => [row.route, row] as const))("%s", async (_, row) => {
    for (const project of ["own", "foreign"]) {
      const got: Partial<Record<Who, number>> = {};
      const want: Partial<Record<Who, number>> = {};
      for (const who of WHO) {
        got[who] = await ask(row, who, project);
        want[who] = expected(row, who, project);
      }
      expect({ project, ...got }).toEqual({ project, ...want });
    }
  });
});

describe("a key of one tag", () => {
  const read = async (path: string) =>
    (await SELF.fetch(`${HOST}/api/v1${path}`, { headers: headersOf.affiliate ?? {} })).json<Record<string, unknown>>();
  const status = async (path: string) =>
    (await SELF.fetch(`${HOST}/api/v1${path}`, { headers: headersOf.affiliate ?? {} })).status;

  it("sees the rows of its tag, in every report", async () => {
    expect(await read("/metrics?project_id=own&group_by=banner_tag")).toMatchObject({
      rows: [{ banner_tag: "mine", total: 1 }],
    });
    expect((await read("/metrics?project_id=own&group_by=banner_tag")).rows).toHaveLength(1);
    expect((await read("/metrics?project_id=own")).rows).toMatchObject([{ count: 1, total: 1 }]);
    expect((await read("/metrics?project_id=own&group_by=country")).rows).toMatchObject([{ total: 1 }]);
    expect((await read("/metrics?project_id=own&interval=hour")).rows).toMatchObject([{ total: 1 }]);
    expect(await read("/campaigns?project_id=own")).toMatchObject({
      rows: [{ banner_tag: "mine" }],
      total: { visits: 1, unique_players: 1 },
    });
    expect((await read("/campaigns?project_id=own")).rows).toHaveLength(1);
    expect((await read("/funnel?project_id=own&group_by=banner_tag")).groups).toHaveLength(1);
    expect(await read("/funnel?project_id=own")).toMatchObject({ steps: [{ players: 1 }, {}, {}, {}] });
    const live = await read("/realtime?project_id=own");
    expect(live).toMatchObject({
      windows: {
        today: {
          total: 1,
          by_type: { visit: 1 },
          banner_tags: [{ banner_tag: "mine" }],
          countries: [{ country: "", total: 1 }],
          devices: [{ device: "", total: 1 }],
        },
      },
    });
    expect(
      (live.events as { banner_tag: string; player_id: string | null }[]).map((event) => [
        event.banner_tag,
        event.player_id,
      ]),
    ).toEqual([["mine", null]]);
  });

  it("is refused the rows of another tag", async () => {
    for (const route of ["metrics", "funnel", "campaigns"])
      expect(await status(`/${route}?project_id=own&banner_tag=other`)).toBe(403);
    const key = await makeApiKey({ role: "analyst", project_id: "own", banner_tags: ["mine"] });
    const player = async (id: string) =>
      (await SELF.fetch(`${HOST}/api/v1/players/${id}?project_id=own`, { headers: bearer(key) })).status;
    expect(await player("player-42")).toBe(200);
    expect(await player("other-player")).toBe(404);
  });

  it("sends events of its tag only", async () => {
    const key = await makeApiKey({ role: "collect", project_id: "own", banner_tags: ["mine"] });
    const send = (banner_tag?: string) =>
      SELF.fetch(`${HOST}/api/v1/events`, {
        method: "POST",
        headers: bearer(key),
        body: JSON.stringify({ event_type: "spin", player_id: "p", banner_tag }),
      });
    expect((await send("mine")).status).toBe(202);
    for (const tag of ["other", undefined]) {
      const response = await send(tag);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({ errors: [{ field: "banner_tag", code: "not_allowed" }] });
    }
  });
});

describe("a key that hides amounts", () => {
  const PAID = "paid";
  /** A decimal number in the format of amounts, alone or in a list with currencies. */
  const AMOUNT = /(?:^|\s)-?\d+\.\d{2,4}(?:\s|$)/;
  const WITHIN_DATA = "7391.17";
  /** The reports whose answers have amounts for an administrator. */
  const TELLING = [
    "getCampaigns",
    "getCohorts",
    "getConversion",
    "getEvent",
    "getKpis",
    "getLifetimeValues",
    "getPlayer",
    "getReport",
    "getRevenue",
    "getStatement",
    "getTimeline",
    "getTraffic",
    "listConversions",
    "listEvents",
    "listPlayers",
    "listReports",
  ];
  const asking: Record<string, HeadersInit> = {};
  const get = (path: string, who: HeadersInit) =>
    app.fetch(new Request(`${HOST}/api/v1${path}`, { headers: who }), env, createExecutionContext());

  beforeAll(async () => {
    await createProject(PAID, { currency: "EUR" });
    const at = Date.parse("2025-05-05T12:00:00Z");
    const paid = (event_type: string, amount: number | null, currency: string | null, n: number) => ({
      ...{ event_type, amount, currency, event_id: n === 0 ? "of-player-42" : `paid-${n}` },
      ...{ player_id: "player-42", banner_tag: "mine", app_id: "slots", timestamp: at + n * 60_000 },
      data: JSON.stringify({ amount: Number(WITHIN_DATA) }),
    });
    await deliver([
      {
        events: [
          paid("visit", 123_400, "USD", 0),
          paid("registration", null, null, 1),
          paid("deposit", 6_138_900, "USD", 2),
          paid("purchase", 4_417_700, "EUR", 3),
          paid("refund", 121_300, "USD", 4),
          paid("withdrawal", 233_100, "GBP", 5),
        ].map((event) => storedEvent({ project_id: PAID, ...event })),
      },
    ]);
    await settle();
    for (const code of ["EUR", "GBP"])
      await env.DB.prepare("INSERT OR IGNORE INTO exchange_rates VALUES (?, '2025-05-05', 125000000, 'test', 0)")
        .bind(code)
        .run();
    const made = await SELF.fetch(`${HOST}/api/v1/payout-rules`, {
      method: "POST",
      headers: ADMIN,
      body: JSON.stringify({
        ...{ project_id: PAID, name: "each", event_type: "visit", amount: "31.75", valid_from: "2025-05-01" },
      }),
    });
    expect(made.status).toBe(201);
    for (const role of ["viewer", "analyst"])
      asking[role] = {
        authorization: `Bearer ${await makeApiKey({ role, project_id: PAID, hide_amounts: true })}`,
      };
    const post = (path: string, body: object) =>
      SELF.fetch(`${HOST}/api/v1${path}`, { method: "POST", headers: ADMIN, body: JSON.stringify(body) });
    const { token } = await (await post("/shares", { project_id: PAID, name: "no amounts", hide_amounts: true })).json<{
      token: string;
    }>();
    const { session } = await (await post("/share-sessions", { token })).json<{ session: string }>();
    asking.guest = bearer(session);
  });

  const leaves = (value: unknown): unknown[] =>
    typeof value === "object" && value !== null ? Object.values(value).flatMap(leaves) : [value];
  const tells = (value: unknown) => leaves(value).some((leaf) => typeof leaf === "string" && AMOUNT.test(leaf));

  it("gets none from any report, in JSON, NDJSON and CSV", async () => {
    const told = new Set<string>();
    const refused = new Set<string>();
    for (const one of REPORTS) {
      const path = one.path.replace(/:(\w+)/g, (_, name) => one.examples?.[name] as string);
      for (const query of ["", ...(one.tries ?? [])]) {
        const days = "from" in one.query.shape ? "&from=2025-05-05&to=2025-05-05" : "";
        const month = "month" in one.query.shape ? "&month=2025-05" : "";
        const currency = "currency" in one.query.shape ? "&currency=project" : "";
        const asked = `project_id=${PAID}${query ? `&${query}` : `${days}${month}${currency}`}`;
        const whole = await get(`${path}?${asked}`, ADMIN);
        if (whole.ok && tells(await whole.json())) told.add(one.id);
        for (const [who, headers] of Object.entries(asking)) {
          const about = `${who} ${path}?${asked}`;
          const answer = await get(`${path}?${asked}`, headers);
          if (!answer.ok) {
            if (answer.status === 403 && whole.ok && who === "analyst") refused.add(one.id);
            await answer.body?.cancel();
            continue;
          }
          const text = await answer.text();
          expect(tells(JSON.parse(text)), about).toBe(false);
          expect(text, about).not.toContain(WITHIN_DATA);
          const ndjson = await get(`${path}?${asked}&format=ndjson`, headers);
          const lines = new TextDecoder()
            .decode(await ndjson.arrayBuffer())
            .trim()
            .split("\n");
          const rows = lines.filter(Boolean).map((line) => JSON.parse(line) as Record<string, unknown>);
          expect(tells(rows), about).toBe(false);
          const csv = await (await get(`${path}?${asked}&format=csv`, headers)).text();
          expect(csv, about).not.toContain(WITHIN_DATA);
          if (rows[0]) expect(csv.split("\r\n")[0], about).toBe(Object.keys(rows[0]).join(","));
        }
      }
    }
    expect([...told].sort()).toEqual(TELLING);
    expect([...refused].sort()).toEqual(
      REPORTS.filter(({ ofAmounts }) => ofAmounts)
        .map(({ id }) => id)
        .sort(),
    );
    const kept = await (
      await get(`/campaigns?project_id=${PAID}&from=2025-05-05&to=2025-05-05`, asking.viewer ?? {})
    ).json();
    expect(kept).toMatchObject({ total: { deposits: 1, amount: null, unconverted: null } });
  });

  it("is refused orders, filters and series that would reveal amounts", async () => {
    for (const path of ["/campaigns?sort=-amount", "/players?segment=whale", "/metrics/revenue?granularity=day"])
      expect((await get(`${path}&project_id=${PAID}`, asking.analyst ?? {})).status, path).toBe(400);
    for (const path of ["/campaigns?sort=-deposits", "/players?has_deposit=true", "/metrics/visits?granularity=day"])
      expect((await get(`${path}&project_id=${PAID}`, asking.analyst ?? {})).status, path).toBe(200);
  });

  it("gets no amounts with live events", async () => {
    const event = {
      seq: 1,
      takes_back: null,
      event_id: "live",
      event_type: "deposit",
      player_id: "p",
      banner_tag: "mine",
    };
    const now = Date.now();
    const counters = env.LIVE.getByName("heard without amounts");
    const settings = { project_id: "heard without amounts", timezone: "UTC" };
    const more = { country: "", device: "", app_id: "", amount: 6_138_900, currency: "USD", at: now };
    await counters.apply(settings, [{ ...event, ...more }], now);
    const view = { personal: true, banner_tags: null };
    expect(tells(await counters.snapshot(settings, view, now))).toBe(true);
    const hidden = await counters.snapshot(settings, { ...view, hide_amounts: true }, now);
    expect(tells(hidden)).toBe(false);
    expect(hidden.windows.today.by_type).toEqual({ deposit: 1 });
    const principal = { role: "viewer", project_id: PAID, banner_tags: null, key_id: "k", hide_amounts: true } as const;
    expect(viewOf(principal)).toEqual({
      personal: false,
      banner_tags: null,
      hide_amounts: true,
    });
  });

  it("cannot have the roles admin and collect, and a key that replaces it hides them, too", async () => {
    const make = (body: object) =>
      SELF.fetch(`${HOST}/api/v1/keys`, { method: "POST", headers: ADMIN, body: JSON.stringify(body) });
    for (const role of ["admin", "collect"]) {
      const made = await make({ name: "k", role, project_id: PAID, hide_amounts: true });
      expect([made.status, await made.json()]).toMatchObject([400, { errors: [{ field: "hide_amounts" }] }]);
    }
    const made = await make({ name: "k", role: "viewer", project_id: PAID, hide_amounts: true });
    const { id } = await made.json<{ id: string }>();
    const rotated = await SELF.fetch(`${HOST}/api/v1/keys/${id}/rotate`, {
      method: "POST",
      headers: ADMIN,
      body: "{}",
    });
    const { key } = await rotated.json<{ key: string }>();
    const session = await get("/session", bearer(key));
    expect(await session.json()).toMatchObject({ role: "viewer", hide_amounts: true });
  });
});

describe("a key", () => {
  const session = (key: string) => SELF.fetch(`${HOST}/api/v1/session`, { headers: bearer(key) });
  const keys = (method: string, path = "", body?: unknown) =>
    SELF.fetch(`${HOST}/api/v1/keys${path}`, {
      method,
      headers: ADMIN,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  const idOf = (key: string) => key.split("_")[1] as string;

  it("is shown once and kept as a hash", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "own" });
    const row = await env.DB.prepare("SELECT * FROM keys WHERE id = ?").bind(idOf(key)).first();
    expect(JSON.stringify(row)).not.toContain(key.split("_")[2]);
    expect(await (await keys("GET")).text()).not.toContain(key.split("_")[2]);
    expect(await (await SELF.fetch(`${HOST}/api/v1/audit`, { headers: ADMIN })).text()).not.toContain(
      key.split("_")[2],
    );
    expect((await session(`${key.slice(0, -1)}${key.endsWith("0") ? "1" : "0"}`)).status).toBe(401);
  });

  it("stops working when it is revoked or expires, and so do sessions that began with it", async () => {
    const key = await makeApiKey({ role: "viewer", project_id: "own" });
    const signedIn = await SELF.fetch(`${HOST}/api/v1/session`, { method: "POST", body: JSON.stringify({ key }) });
    const cookie = signedIn.headers.get("set-cookie")?.split(";")[0] as string;
    expect((await SELF.fetch(`${HOST}/api/v1/session`, { headers: { cookie } })).status).toBe(200);
    expect((await session(key)).status).toBe(200);
    expect((await keys("DELETE", `/${idOf(key)}`)).status).toBe(204);
    expect((await session(key)).status).toBe(401);
    expect((await SELF.fetch(`${HOST}/api/v1/session`, { headers: { cookie } })).status).toBe(401);
    const over = await makeApiKey({ role: "viewer", project_id: "own", expires_at: "2020-01-01T00:00:00Z" });
    expect((await session(over)).status).toBe(401);
  });

  it("is rotated with an overlap", async () => {
    const old = await makeApiKey({ role: "viewer", project_id: "own" });
    const before = Date.now();
    const rotated = await keys("POST", `/${idOf(old)}/rotate`, { overlap_seconds: 3_600 });
    expect(rotated.status).toBe(201);
    const { key, replaces } = await rotated.json<{ key: string; replaces: { expires_at: string } }>();
    const left = Date.parse(replaces.expires_at) - 3_600_000;
    expect(left).toBeGreaterThanOrEqual(before);
    expect(left).toBeLessThanOrEqual(Date.now());
    expect([(await session(old)).status, (await session(key)).status]).toEqual([200, 200]);
    const now = await (await keys("POST", `/${idOf(key)}/rotate`, { overlap_seconds: 0 })).json<{ key: string }>();
    expect([(await session(key)).status, (await session(now.key)).status]).toEqual([401, 200]);
  });

  it("that can only send cannot sign in", async () => {
    const key = await makeApiKey({ role: "collect", project_id: "own" });
    expect((await SELF.fetch(`${HOST}/api/v1/session`, { method: "POST", body: JSON.stringify({ key }) })).status).toBe(
      403,
    );
  });

  it.each<[object, string]>([
    [{ role: "viewer" }, "name"],
    [{ name: "k", role: "owner" }, "role"],
    [{ name: "k", role: "viewer", project_id: "nowhere" }, "project_id"],
    [{ name: "k", role: "viewer", expires_at: "tomorrow" }, "expires_at"],
    [{ name: "k", role: "viewer", banner_tags: [] }, "banner_tags"],
    [{ name: "k", role: "viewer", colour: "red" }, "colour"],
  ])("is not made of %j", async (given, field) => {
    const response = await keys("POST", "", given);
    expect(response.status).toBe(400);
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
  });
});

describe("a project", () => {
  const projects = (method: string, path = "", body?: unknown) =>
    SELF.fetch(`${HOST}/api/v1/projects${path}`, {
      method,
      headers: ADMIN,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });

  it("is created, changed and removed, and takes events at once", async () => {
    expect(
      (await projects("POST", "", { project_id: "fresh", timezone: "Asia/Kathmandu", currency: "EUR" })).status,
    ).toBe(201);
    expect((await projects("POST", "", { project_id: "fresh" })).status).toBe(409);
    const changed = await (await projects("PATCH", "/fresh", { name: "Fresh", attribution_days: 7 })).json();
    expect(changed).toMatchObject({ name: "Fresh", attribution_days: 7, timezone: "Asia/Kathmandu" });
    expect((await projects("DELETE", "/fresh")).status).toBe(204);
    expect((await projects("GET", "/fresh")).status).toBe(400);
  });

  it.each<[object, string]>([
    [{}, "project_id"],
    [{ project_id: "Not A Slug" }, "project_id"],
    [{ project_id: "x", timezone: "Mars/Olympus" }, "timezone"],
    [{ project_id: "x", currency: "ZZZ" }, "currency"],
    [{ project_id: "x", attribution_days: 366 }, "attribution_days"],
    [{ project_id: "x", allowed_origins: ["brand.example"] }, "allowed_origins.0"],
  ])("is not made of %j", async (given, field) => {
    const response = await projects("POST", "", given);
    expect(response.status).toBe(400);
    expect((await response.json<{ errors: { field: string }[] }>()).errors[0]?.field).toBe(field);
  });
});

describe("projections", () => {
  it("report their positions, and are rebuilt together with those that depend on them", async () => {
    const ask = async (method: string, path: string) =>
      (await SELF.fetch(`${HOST}/api/v1/projections${path}?shard=${db.shard}`, { method, headers: ADMIN })).json<
        Record<string, unknown>
      >();
    await settle();
    const { rows } = (await ask("GET", "")) as {
      rows: { name: string; cursor: number; lag_events: number; error: null }[];
    };
    expect(rows.map((row) => row.name)).toEqual(expect.arrayContaining(["live", "identities", "daily", "players"]));
    for (const row of rows.filter(({ name }) => !name.startsWith("archive")))
      expect(row).toMatchObject({ cursor: expect.any(Number), lag_events: 0, error: null });
    const followers = ["daily", "players", "changes", "leaderboards"];
    expect(await ask("POST", "/identities/rebuild")).toMatchObject({
      rebuilding: expect.arrayContaining(["identities", ...followers]),
    });
    expect(await ask("POST", "/nothing/rebuild")).toMatchObject({ status: 404 });
    await settle();
    expect(
      (await home.DB.prepare("SELECT count(*) AS n FROM players WHERE project_id = 'own'").first<{ n: number }>())?.n,
    ).toBeGreaterThan(1);
  });
});
