/** Reports filtered by fields, through their routes: as if no other events existed, except for what is a person's first time. */
import { env } from "cloudflare:test";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { figuresBy } from "../../worker/projections/figures.ts";
import { advance } from "../../worker/projections/runner.ts";
import { answerOf, get } from "./api.ts";
import { bothWays } from "./both-ways.ts";
import { aHistory, type Clock, eventsOf, WINDOW } from "./figures-histories.ts";
import { type AskedFilter, fitsFilter } from "./figures-oracle.ts";
import { histories } from "./histories.ts";
import { bearer, makeApiKey } from "./keys.ts";
import { createProject, db, keepToTables, settle, storedEvent, TABLES, turnToDays } from "./log.ts";
import { understood } from "./oracle.ts";

// It looks into the tables.
beforeAll(keepToTables);

const LONGEST_WAIT_MS = 200_000;

/** The answer to a request, once the filter's figures are counted. */
async function ask(address: string, headers?: HeadersInit): Promise<Response> {
  const until = Date.now() + LONGEST_WAIT_MS;
  for (;;) {
    const response = await get(address, headers);
    if (response.status !== 503 || Date.now() > until) return response;
    await response.text();
    await scheduler.wait(100);
  }
}

const PERIODS = ["from=2026-10-28&to=2026-11-10", "from=2026-10-31&to=2026-11-02"];
const TIMES = "startTime=2026-10-29T00:00:00Z&endTime=2026-11-08T00:00:00Z";
const ADDRESSES = PERIODS.flatMap((period) => [
  ...["", "&group_by=banner_tag", "&group_by=country", "&group_by=app_id&interval=hour", "&event_type=deposit"].map(
    (query) => `/metrics?${period}${query}`,
  ),
  ...["", "&group_by=platform", "&group_by=currency&interval=hour", "&group_by=banner_tag", "&event_type=deposit"].map(
    (query) => `/revenue?${period}${query}`,
  ),
  ...["", "&compare=previous&sort=banner_tag"].map((query) => `/campaigns?${period}${query}`),
  ...["visits", "revenue", "arpu", "daily_active_users", "conversion_rate"].flatMap((name) =>
    ["day", "hour&dimension=banner_tag"].map((query) => `/metrics/${name}?${TIMES}&granularity=${query}`),
  ),
  "/kpis?date=2026-10-31",
  "/kpis?date=2026-11-01",
]);

const FILTERS: AskedFilter[] = [
  { platform: ["ios"] },
  { country: ["MT"], device: ["mobile"] },
  { country: ["MT", "SE"], platform: ["ios"] },
  { app_id: ["slots"], banner_tag: ["a"] },
  { country: ["SE"], banner_tag: ["a", "b"] },
  { country: ["MT"], banner_tag_not: ["a"] },
  { device: ["mobile"], banner_tag_contains: [["NAÏVE", "b"]] },
  { country: ["FI"] },
];

const parametersOf = (filter: AskedFilter): string =>
  Object.entries(filter)
    .flatMap(([name, values]) => (values as string[]).flat().map((value) => `${name}=${encodeURIComponent(value)}`))
    .join("&");

/** A person's first time depends on all events: figures that depend on it have separate examples. */
const FIRSTS = [
  ...["new_players", "first_deposits", "new_depositors", "returning_depositors"],
  ...["deposit_per_first_deposit", "registration_to_first_deposit", "has_earlier_data"],
];
const withoutFirsts = (answer: string) => {
  const seen = JSON.parse(answer, (name, value) =>
    FIRSTS.includes(name) ? undefined : value === NO_TAG ? null : value,
  );
  return { ...seen, project_id: "" };
};

/** A tag in place of none, in a project without attribution; it sorts before all tags, as none does. */
const NO_TAG = "!";

/** The matching events, in a project without others: each with its person and tag, so that nothing is attributed there. */
function alone(project_id: string, sent: StoredEvent[], filter: AskedFilter): StoredEvent[] {
  const { counted, personOf, tagOf } = understood(sent, WINDOW);
  return counted
    .filter((event) => fitsFilter(filter, event, tagOf(event)))
    .map((event) => {
      const person = personOf(event);
      const isVisitor = person.startsWith("\u001f");
      return {
        ...event,
        project_id,
        event_id: crypto.randomUUID(),
        transaction_id: null,
        banner_tag: tagOf(event) || NO_TAG,
        player_id: isVisitor ? null : person,
        visitor_id: isVisitor ? person.slice(1) : null,
      };
    });
}

let answers = 0;

describe("a report narrowed by fields", () => {
  it("has the figures of the matching events, as if there were no others", async () => {
    await env.DB.prepare("INSERT INTO exchange_rates VALUES ('EUR', '2026-10-31', 108000000, 'test', 0)").run();
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        aHistory,
        fc.array(fc.tuple(fc.constantFrom(...FILTERS), fc.subarray(ADDRESSES, { minLength: 8, maxLength: 8 })), {
          minLength: 3,
          maxLength: 3,
        }),
        async ({ actions, layout }, asked) => {
          run++;
          const project: Clock = { project_id: `filtered-${run}`, timezone: "America/New_York" };
          await createProject(project.project_id, { timezone: project.timezone, attribution_days: WINDOW });
          const sent: StoredEvent[] = [];
          const step = async (limit?: number) => (await advance(env, db, figuresBy(layout), Date.now(), limit)).behind;
          for (const action of actions) {
            const events = eventsOf(action, [project, project]);
            await append(db, events);
            sent.push(...events);
            if (action.run !== null) await step(action.run);
          }
          for (const [n, [filter]] of asked.entries()) {
            const project_id = `alone-${run}-${n}`;
            await createProject(project_id, { timezone: project.timezone, attribution_days: 1 });
            await append(db, alone(project_id, sent, filter));
          }
          while ((await step()) > 0);
          await settle(TABLES);
          for (const [n, [filter, addresses]] of asked.entries())
            for (const address of addresses) {
              const narrowed = `${address}&${parametersOf(filter)}`;
              const response = await ask(`${narrowed}&project_id=${project.project_id}`);
              const text = await response.text();
              expect(response.status, `${narrowed}: ${text}`).toBe(200);
              const { tables } = await bothWays({ project_id: `alone-${run}-${n}`, address, tags: null });
              expect(withoutFirsts(text), narrowed).toEqual(withoutFirsts(tables[0] as string));
              answers++;
            }
        },
      ),
      histories(5),
    );
    console.log(JSON.stringify({ message: "filtered answers compared", answers }));
  }, 3_600_000);
});

const MAY = "from=2026-05-01&to=2026-05-31";
let projects = 0;

/** In Malta one person converts, another makes a second deposit; a third is from another country. */
async function begin(settings: { currency?: string } = {}) {
  const project_id = `narrowed-${++projects}`;
  await createProject(project_id, settings);
  const send = async (player_id: string, event_type: string, at: string, more: Partial<StoredEvent> = {}) => {
    const timestamp = Date.parse(`2026-05-${at}:00Z`);
    const where = { country: "MT", device: "mobile", app_id: "slots", platform: "ios" };
    await append(db, [storedEvent({ project_id, event_type, player_id, timestamp, ...where, ...more })]);
  };
  await send("local", "visit", "01T10:00", { banner_tag: "spring" });
  await send("local", "registration", "01T10:05");
  await send("local", "deposit", "02T09:00", { amount: 100_000, currency: "USD" });
  await send("guest", "visit", "01T08:00", { country: "SE", banner_tag: "autumn" });
  await send("guest", "deposit", "03T08:00", { country: "SE", amount: 50_000, currency: "USD" });
  await send("guest", "deposit", "04T08:00", { amount: 70_000, currency: "USD", platform: "web" });
  await send("other", "visit", "04T12:00", { country: "SE", banner_tag: "spring" });
  await settle();
  const read = async (address: string, headers?: Record<string, string>) => {
    const response = await ask(`${address}${address.includes("?") ? "&" : "?"}project_id=${project_id}`, headers);
    return { status: response.status, etag: response.headers.get("etag"), body: await response.json<Body>() };
  };
  return { project_id, send, read };
}
type Body = Record<string, unknown> & { total: Record<string, unknown>; errors?: { field: string }[]; detail?: string };

describe("a first time", () => {
  it("counts under a filter if the event of that moment matches it", async () => {
    const { read } = await begin();
    const { body } = await read(`/campaigns?${MAY}&country=MT&platform=ios&platform=web`);
    expect(body.total).toMatchObject({
      ...{ visits: 1, unique_players: 2, registrations: 1, depositors: 2, deposits: 2, amount: "17.00" },
      ...{ first_deposits: 1, new_depositors: 1, returning_depositors: 0 },
    });
    // A person who deposited before the period is a returning one, in whichever country.
    const later = await read("/campaigns?from=2026-05-04&to=2026-05-31&country=MT");
    expect(later.body.total).toMatchObject({ depositors: 1, first_deposits: 0, returning_depositors: 1 });
    const kpis = await read("/kpis?date=2026-05-01&country=SE");
    expect(kpis.body.total).toMatchObject({ new_players: 1, active_users: 1, first_deposits: 0 });
  });

  it("decides in which funnel and cohort a person is", async () => {
    const { read } = await begin();
    const steps = async (query: string) => {
      const { body } = await read(`/funnel?${MAY}&${query}`);
      return (body.steps as { players: number }[]).map(({ players }) => players);
    };
    expect(await steps("country=MT")).toEqual([1, 1, 1, 0]);
    expect(await steps("country=SE")).toEqual([2, 0, 0, 0]);
    expect(await steps("country=SE&by=event_date")).toEqual([2, 0, 1, 0]);
    expect(await steps("country=MT&by=event_date")).toEqual([1, 1, 1, 1]);
    expect(await steps("country=SE&banner_tag=spring")).toEqual([1, 0, 0, 0]);
    const cohort = await read(`/cohorts?${MAY}&country=SE&interval=month`);
    // All payments of the guest belong to the cohort, in whichever country.
    expect(cohort.body.total).toMatchObject({ players: 2, paying_users: 1, revenue_usd: "12.00" });
  });
});

describe("a filter", () => {
  it("combines a saved segment, the request's parameters and the tags of the key", async () => {
    const { project_id, read } = await begin();
    const segment = { project_id, name: "Malta", shared: true, filter: { country: ["MT"] } };
    const { segment_id } = await answerOf<{ segment_id: string }>("POST", "/segments", segment);
    const total = async (query: string, headers?: Record<string, string>) => {
      const { status, body } = await read(`/campaigns?${MAY}&segment_id=${segment_id}${query}`, headers);
      return status === 200 ? body.total.deposits : body.detail;
    };
    expect(await total("")).toBe(2);
    expect(await total("&platform=ios")).toBe(1);
    expect(await total("&country=SE")).toBe(0);
    expect(await total("&banner_tag_not=spring")).toBe(1);
    const limited = async (...banner_tags: string[]) =>
      bearer(await makeApiKey({ role: "viewer", project_id, banner_tags }));
    expect(await total("", await limited("spring"))).toBe(1);
    expect(await total("", await limited("spring", "autumn"))).toBe(2);
    expect(await total("&banner_tag=autumn", await limited("spring"))).toContain("limited to other banner tags");
  });

  it("is not made for a share link", async () => {
    const { project_id, read } = await begin();
    const { token } = await answerOf<{ token: string }>("POST", "/shares", { project_id, name: "a link" });
    const { session } = await answerOf<{ session: string }>("POST", "/share-sessions", { token });
    const guest = bearer(session);
    expect((await read(`/campaigns?${MAY}&country=MT`, guest)).status).toBe(403);
    expect((await read(`/campaigns?${MAY}`, guest)).status).toBe(200);
    expect((await read(`/metrics?${MAY}&country=MT`, guest)).status).toBe(200);
    const kept = await env.DB.prepare("SELECT count(*) AS filters FROM scopes WHERE project_id = ?")
      .bind(project_id)
      .first();
    expect(kept).toEqual({ filters: 0 });
  });

  it("changes the answer's ETag with each counted event", async () => {
    const { send, read } = await begin();
    const address = `/metrics?${MAY}&platform=ios`;
    const first = await read(address);
    expect(first.etag).toMatch(/^"[0-9a-f]{32}"$/);
    expect((await read(address)).etag).toBe(first.etag);
    await send("local", "spin", "05T09:00");
    await settle();
    const second = await read(address);
    expect(second.etag).not.toBe(first.etag);
    expect((second.body.rows as unknown[]).length).toBe((first.body.rows as unknown[]).length + 1);
  });

  it("has no figures by the minute, except for fields that the live counters have", async () => {
    const { read } = await begin();
    const refused = await read("/metrics/visits?granularity=minute&platform=ios");
    expect([refused.status, refused.body.errors?.[0]?.field]).toEqual([400, "granularity"]);
    expect((await read("/metrics/visits?granularity=minute&country=MT")).body.source).toBe("live");
    expect((await read("/metrics/visits?platform=ios")).body).toMatchObject({ granularity: "hour", source: "tables" });
  });

  it("is refused with the rule when a value is invalid, or a report is kept by no field", async () => {
    const { read } = await begin();
    for (const [address, field] of [
      ["/campaigns?country=malta", "country"],
      ["/funnel?platform=", "platform"],
      ["/conversions?country=MT", "country"],
      ["/bots?device=mobile", "device"],
    ] as const) {
      const { status, body } = await read(address);
      expect([address, status, body.errors?.[0]?.field]).toEqual([address, 400, field]);
    }
  });

  it("answers with the progress until the figures are counted from the log", async () => {
    const { project_id } = await begin();
    await turnToDays();
    await env.DB.prepare("UPDATE figures_stand SET whole_at = NULL").run();
    const asked = (more: string) => get(`/funnel?${MAY}${more}&project_id=${project_id}`);
    // The tables do not answer for a project that they no longer cover.
    for (const more of ["&country=MT", ""]) {
      const response = await asked(more);
      expect([response.status, response.headers.get("retry-after")]).toEqual([503, "2"]);
      expect(await response.text()).toContain("are being counted from the log: 100 %");
    }
    await env.DB.prepare("UPDATE figures_stand SET whole_at = 1").run();
    await keepToTables();
    for (const more of ["&country=MT", ""]) expect((await asked(more)).status).toBe(200);
  });

  it("is refused for days before the first that has figures, also in the compared period", async () => {
    const { project_id, read } = await begin();
    // Like a project whose log had removed days before the figures were added.
    await env.DB.batch([
      env.DB.prepare("INSERT INTO figures_from (project_id, date) VALUES (?, '2026-05-02')").bind(project_id),
      env.DB.prepare("UPDATE projects SET by_days = 0 WHERE project_id = ?").bind(project_id),
    ]);
    const refused = async (address: string) => {
      const { status, body } = await read(address);
      return [status, body.errors?.[0]?.field, body.detail?.includes("2026-05-02")];
    };
    expect(await refused(`/campaigns?${MAY}&country=MT`)).toEqual([400, "from", true]);
    expect(await refused("/campaigns?from=2026-05-02&to=2026-05-03&country=MT&compare=previous")).toEqual([
      ...[400, "compare", true],
    ]);
    expect(await refused("/kpis?date=2026-05-01&country=MT")).toEqual([400, "date", true]);
    expect(await refused("/metrics/visits?startTime=2026-05-01&granularity=day&platform=ios")).toEqual([
      ...[400, "startTime", true],
    ]);
    expect((await read("/campaigns?from=2026-05-02&to=2026-05-31&country=MT")).status).toBe(200);
    // The tables have earlier days.
    expect((await read(`/metrics?${MAY}&country=MT`)).status).toBe(200);
  });
});
