/** The snippet on a site of another origin, in a real browser, against the real server. */
import { spawnSync } from "node:child_process";
import { createServer, type Server as Site } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { gzipSync } from "node:zlib";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type Server, startServer } from "../server.ts";
import { browserPath, changeAnswers, handleFirst } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";
import { counted, eventually, goOffline, last, stored, types, type Visitor, visitorOf } from "./visitor.ts";

/** docs/adr/0005-snippet.md says why. */
const MOST_GZIPPED = 1_700;
const DAY = 86_400_000;
const QUEUE = "window.pixel=window.pixel||function(){(pixel.q=pixel.q||[]).push(arguments)}";
const CORS = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": "X-Event-Status, X-Event-Id, X-Event-Error, Retry-After",
};

let server: Server;
let browser: Browser;
let site: Site;
let origin: string;
/** The snippet in the site's pages; set by each test. */
let head: string;
const contexts: BrowserContext[] = [];

const tagOf = (attributes = "") => `<script async src="${server.url}/pixel.js" ${attributes}></script>`;

async function newVisitor(prepare?: string): Promise<Visitor> {
  const visitor = await visitorOf(browser, server, prepare);
  contexts.push(visitor.context);
  return visitor;
}

const ids = ({ sent }: Visitor) => new Set(sent.map(({ fields }) => fields.event_id));
const call = (page: Page, ...given: unknown[]) =>
  page.evaluate(`pixel(${given.map((value) => JSON.stringify(value)).join(",")})`);

/** Waits until no event of the last event's project is unsent: of several tags, any may have been first. */
const settled = async (visitor: Visitor) =>
  eventually(async () => (await stored(visitor.page, last(visitor).project_id)).unsent).toEqual([]);

/** Opens a page, and waits until its visit is sent. */
async function open(visitor: Visitor, path: string): Promise<void> {
  const before = visitor.sent.length;
  await visitor.page.goto(origin + path);
  await eventually(() => types(visitor).slice(before)).toContain("visit");
  await settled(visitor);
}

const expectCounted = (banner_tag: string) => eventually(() => counted(server, banner_tag));

describe.skipIf(!browserPath)("the snippet", () => {
  serverAndBrowser(
    async (started, launched) => {
      [server, browser] = [started, launched];
      site = createServer((request, response) => {
        response.writeHead(request.url === "/favicon.ico" ? 404 : 200, { "content-type": "text/html" });
        response.end(
          `<!doctype html><title>A site</title>${head}<h1>${new URL(request.url ?? "", origin).pathname}</h1>`,
        );
      });
      await new Promise<void>((listening) => site.listen(0, "127.0.0.1", listening));
      // Another host than the server's, so that requests are cross-site, as for customers.
      origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
      head = tagOf();
    },
    { keepPages: true },
  );

  afterEach(async () => {
    head = tagOf();
    await Promise.all(contexts.splice(0).map((context) => context.close()));
  });

  afterAll(() => {
    site?.closeAllConnections();
    site?.close();
  });

  test(`has at most ${MOST_GZIPPED} bytes gzipped`, async () => {
    const script = await (await fetch(`${server.url}/pixel.js`)).text();
    expect(gzipSync(script, { level: 9 }).length).toBeLessThanOrEqual(MOST_GZIPPED);
  });

  test("sends one visit for the page and one for each single-page navigation", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=navigation");
    for (const [step, visits] of [
      ["history.pushState({}, '', '/games')", 2],
      ["history.replaceState({ scroll: 7 }, '', '/games')", 2],
      ["history.pushState({}, '', '/games#top')", 2],
      ["location.hash = 'rules'", 2],
      ["history.replaceState({}, '', '/games?page=2')", 2],
      ["history.pushState({}, '', '/games?page=3')", 3],
      ["history.replaceState({}, '', '/cashier')", 4],
      ["history.pushState({}, '', '/cashier/deposit')", 5],
      ["history.back()", 6],
    ] as const) {
      await visitor.page.evaluate(step);
      await eventually(() => types(visitor), step).toEqual(Array(visits).fill("visit"));
    }
    await settled(visitor);
    expect(types(visitor)).toHaveLength(6);
    expect(ids(visitor).size).toBe(6);
    await expectCounted("navigation").toEqual({ visit: 6 });
  });

  test("stamps time-ordered ids, the event's own time and one visitor", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/");
    await call(visitor.page, "level_up", { app_id: "quest", level: 7, cleared: false, note: "" });
    await settled(visitor);
    const [visit, levelUp] = visitor.sent.map(({ fields }) => fields);
    for (const fields of [visit, levelUp]) {
      expect(fields?.event_id).toMatch(/^0[0-9a-f]{11}-0\.\d{10,}$/);
      expect(Math.abs(Date.now() - Number(fields?.timestamp))).toBeLessThan(300_000);
      expect(fields?.project_id).toBe("default");
    }
    expect(levelUp?.visitor_id).toBe(visit?.visitor_id);
    expect((visit?.event_id ?? "") < (levelUp?.event_id ?? "")).toBe(true);
    expect(levelUp).toMatchObject({ app_id: "quest", level: "7", cleared: "false" });
    expect(levelUp).not.toHaveProperty("note");
  });

  test("runs once when it is loaded twice", async () => {
    head = tagOf() + tagOf() + tagOf('data-project="other"');
    const visitor = await newVisitor();
    await open(visitor, "/?btag=twice");
    await visitor.page.waitForLoadState("networkidle");
    await eventually(() => types(visitor)).toEqual(["visit"]);
  });

  test("finds its tag as a module", async () => {
    head = `<script type="module" src="${server.url}/pixel.js" data-project="default" data-btag="module"></script>`;
    // A module of another origin needs CORS headers, which the static files do not have.
    const visitor = await newVisitor();
    await changeAnswers(visitor.page, "**/pixel.js", (response) => ({ headers: { ...response.headers(), ...CORS } }));
    await open(visitor, "/");
    expect(last(visitor)).toMatchObject({ banner_tag: "module" });
  });

  test("processes the calls that were made before it was loaded", async () => {
    head = `<script>${QUEUE};pixel("identify",{player_id:"early"});pixel("registration",{app_id:"web"})</script>${tagOf()}`;
    const visitor = await newVisitor();
    await open(visitor, "/?btag=early");
    await eventually(() => types(visitor).sort()).toEqual(["identify", "registration", "visit"]);
    const registration = visitor.sent.find(({ type }) => type === "registration");
    expect(registration?.fields).toMatchObject({ player_id: "early", app_id: "web", banner_tag: "early" });
  });

  test("remembers the tag and the click for 30 days, the latest wins", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=first&click_id=c-1");
    expect(last(visitor)).toMatchObject({ banner_tag: "first", click_id: "c-1" });
    await open(visitor, "/games");
    expect(last(visitor)).toMatchObject({ banner_tag: "first", click_id: "c-1" });
    await open(visitor, "/?banner_tag=second");
    await open(visitor, "/games");
    expect(last(visitor)).toMatchObject({ banner_tag: "second" });
    expect(last(visitor), "another campaign's click").not.toHaveProperty("click_id");
    await open(visitor, "/?click_id=c-2");
    expect(last(visitor)).toMatchObject({ banner_tag: "second", click_id: "c-2" });

    const age = (days: number) => `(() => {
      const state = JSON.parse(localStorage.getItem("edgepixel:default"));
      for (const name of ["tag", "click"]) state[name][1] = Date.now() - ${days * DAY};
      localStorage.setItem("edgepixel:default", JSON.stringify(state));
    })()`;
    await visitor.page.evaluate(age(29.9));
    await open(visitor, "/games");
    expect(last(visitor)).toMatchObject({ banner_tag: "second", click_id: "c-2" });
    await visitor.page.evaluate(age(30.1));
    await open(visitor, "/games");
    expect(last(visitor)).toMatchObject({ banner_tag: "organic" });
    expect(last(visitor)).not.toHaveProperty("click_id");
  });

  test("falls back to the tag of the script, and lets an event name another one", async () => {
    head = tagOf('data-btag="house"');
    const visitor = await newVisitor();
    await open(visitor, "/");
    expect(last(visitor)).toMatchObject({ banner_tag: "house" });
    await call(visitor.page, "spin", { btag: "own" });
    await settled(visitor);
    expect(last(visitor)).toMatchObject({ banner_tag: "own" });
    expect(last(visitor)).not.toHaveProperty("btag");
    await open(visitor, `/?btag=${"x".repeat(129)}`);
    expect(last(visitor), "a tag that the server would refuse").toMatchObject({ banner_tag: "house" });
    expect(visitor.warnings).toEqual([]);
  });

  test("identify links the visitor once, and later events carry both ids", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=linking");
    expect(last(visitor)).not.toHaveProperty("player_id");
    const { visitor_id } = last(visitor);
    await visitor.page.evaluate("pixel.identify('p-1'); pixel.identify('p-1'); pixel.identify(''); pixel.identify()");
    await settled(visitor);
    await eventually(() => types(visitor)).toEqual(["visit", "identify"]);
    expect(last(visitor)).toMatchObject({ player_id: "p-1", visitor_id });
    await call(visitor.page, "registration", { player_id: null });
    await settled(visitor);
    expect(last(visitor)).toMatchObject({ player_id: "p-1", visitor_id });
    await open(visitor, "/games");
    expect(last(visitor)).toMatchObject({ player_id: "p-1", visitor_id });
    await visitor.page.evaluate("pixel.identify('p-1')");
    await settled(visitor);
    expect(types(visitor).filter((type) => type === "identify")).toHaveLength(1);
    await visitor.page.evaluate("pixel.identify('p-2')");
    await settled(visitor);
    expect(last(visitor)).toMatchObject({ player_id: "p-2", visitor_id });
    await expectCounted("linking").toEqual({ visit: 2, identify: 2, registration: 1 });
  });

  test("an event that the server could not take arrives once, from the same page and from the next one", async () => {
    const [staying, moving] = [await newVisitor(), await newVisitor()];
    await open(staying, "/?btag=outage-staying");
    await open(moving, "/?btag=outage-moving");
    await expectCounted("outage-moving").toEqual({ visit: 1 });
    await expectCounted("outage-staying").toEqual({ visit: 1 });
    const { port, persistTo } = server;
    await server.stop();
    try {
      for (const { page } of [staying, moving]) {
        await call(page, "deposit", { amount: "12.50", currency: "EUR" });
        await eventually(async () => (await stored(page)).unsent.length).toBe(1);
      }
      await eventually(() => types(staying).filter((type) => type === "deposit").length).toBeGreaterThan(1);
    } finally {
      // The other tests need it, too.
      server = await startServer({ port, persistTo });
    }

    await open(moving, "/games");
    await settled(staying);
    for (const visitor of [staying, moving]) {
      const deposits = visitor.sent.filter(({ type }) => type === "deposit").map(({ fields }) => fields);
      expect(deposits.length).toBeGreaterThan(1);
      expect(new Set(deposits.map((fields) => JSON.stringify(fields))).size, "ids and times stay").toBe(1);
    }
    await expectCounted("outage-staying").toEqual({ visit: 1, deposit: 1 });
    await expectCounted("outage-moving").toEqual({ visit: 2, deposit: 1 });
  });

  test("sends unsent events as soon as the browser is online again", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=offline");
    await goOffline(visitor);
    await call(visitor.page, "registration");
    await eventually(async () => (await stored(visitor.page)).unsent.length).toBe(1);
    await visitor.context.setOffline(false);
    await settled(visitor);
    await expectCounted("offline").toEqual({ visit: 1, registration: 1 });
  });

  test("an event whose answer was lost is counted once", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=lost-answer");
    await handleFirst(visitor.page, "**/happened?*event_type=registration*", async (route) => {
      expect((await route.fetch()).status()).toBe(200);
      await route.abort("connectionreset");
    });
    await call(visitor.page, "registration");
    await settled(visitor);
    await eventually(() => types(visitor)).toEqual(["visit", "registration", "registration"]);
    await expectCounted("lost-answer").toEqual({ visit: 1, registration: 1 });
  });

  test("does not send a refused event again, and says why it was refused", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=refused");
    await call(visitor.page, "deposit", { amount: "a lot", currency: "EUR" });
    await settled(visitor);
    await open(visitor, "/games");
    await eventually(() => types(visitor)).toEqual(["visit", "deposit", "visit"]);
    expect(visitor.warnings).toHaveLength(1);
    expect(visitor.warnings[0]).toContain("invalid amount");
    expect(visitor.errors).toEqual([]);
  });

  test.each([
    { status: 503, wait: 2 },
    { status: 429, wait: 3 },
  ])("sends again after $status, no sooner than it was asked to", async ({ status, wait }) => {
    const visitor = await newVisitor();
    await open(visitor, `/?btag=overloaded-${status}`);
    await handleFirst(visitor.page, "**/happened?*event_type=registration*", (route) =>
      route.fulfill({ status, headers: { ...CORS, "retry-after": String(wait) } }),
    );
    await call(visitor.page, "registration");
    await eventually(() => types(visitor)).toEqual(["visit", "registration", "registration"]);
    await settled(visitor);
    const [, first, second] = visitor.sent;
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(wait * 1000 - 50);
    expect(second?.fields).toEqual(first?.fields);
    expect(visitor.warnings).toEqual([]);
    await expectCounted(`overloaded-${status}`).toEqual({ visit: 1, registration: 1 });
  });

  test("keeps the newest 50 unsent events, none older than 7 days", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=kept");
    await goOffline(visitor);
    await visitor.page.evaluate("for (let n = 0; n < 60; n++) pixel('spin', { n })");
    await eventually(async () => (await stored(visitor.page)).unsent.length).toBe(50);
    const { unsent } = await stored(visitor.page);
    expect(JSON.stringify(unsent[0])).toContain("n=10");
    await visitor.page.evaluate(`(() => {
      const state = JSON.parse(localStorage.getItem("edgepixel:default"));
      state.unsent.forEach((event, n) => { if (n < 48) event[0] -= ${7 * DAY}; });
      localStorage.setItem("edgepixel:default", JSON.stringify(state));
      pixel("spin", { n: 60 });
    })()`);
    await eventually(async () => (await stored(visitor.page)).unsent.length).toBe(3);
    await visitor.context.setOffline(false);
    await settled(visitor);
    await expectCounted("kept").toEqual({ visit: 1, spin: 3 });
  });

  test("two tabs share the visitor's data and the unsent events", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=tabs");
    const other = await visitor.context.newPage();
    await other.goto(`${origin}/games`);
    await eventually(() => types(visitor)).toEqual(["visit", "visit"]);
    // Tabs may be separate processes, and see another's storage a moment later. If both write in that moment, one
    // write is lost.
    await eventually(async () => (await stored(other)).unsent).toEqual([]);
    await eventually(async () => await stored(visitor.page)).toEqual(await stored(other));
    await visitor.page.evaluate("pixel.identify('tabbed')");
    await settled(visitor);
    await eventually(async () => JSON.stringify(await stored(other)).includes("tabbed")).toBe(true);
    await call(other, "spin");
    await settled(visitor);
    expect(last(visitor)).toMatchObject({ player_id: "tabbed", banner_tag: "tabs" });
    expect(new Set(visitor.sent.map(({ fields }) => fields.visitor_id)).size).toBe(1);
  });

  test("sets no cookie", async () => {
    const visitor = await newVisitor();
    await open(visitor, "/?btag=cookies&click_id=1");
    await visitor.page.evaluate("pixel.identify('p-1')");
    await settled(visitor);
    expect(await visitor.context.cookies()).toEqual([]);
    expect(Object.keys(await visitor.page.evaluate<object>("({ ...localStorage })"))).toEqual(["edgepixel:default"]);
  });

  describe("with privacy signals", () => {
    const SIGNALS = {
      "Global Privacy Control":
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
      "Do Not Track": "Object.defineProperty(Navigator.prototype, 'doNotTrack', { get: () => '1' })",
    };

    beforeAll(() => {
      const { status, stderr } = spawnSync(
        process.execPath,
        [
          "node_modules/wrangler/bin/wrangler.js",
          ...["d1", "execute", "DB", "--local", "--persist-to", server.persistTo, "--command"],
          "INSERT INTO projects (project_id, name, respect_privacy_signals, created_at) VALUES ('private', 'Private', 1, 0)",
        ],
        { cwd: resolve(import.meta.dirname, "../.."), encoding: "utf8" },
      );
      expect(status, stderr).toBe(0);
    });

    /** All requests and storage of the page, after the server was asked for its settings and nothing more can follow. */
    async function visitQuietly(visitor: Visitor): Promise<void> {
      const asked = visitor.page.waitForRequest((request) => request.url().includes("/project.json"));
      await visitor.page.goto(`${origin}/?btag=private`);
      await asked;
      await visitor.page.evaluate("pixel.identify('p-1'); pixel('spin'); history.pushState({}, '', '/games')");
      await visitor.page.waitForLoadState("networkidle");
      await visitor.page.evaluate("new Promise((done) => requestIdleCallback(done))");
    }

    test.each(Object.entries(SIGNALS))("%s: stores and sends nothing where the project obeys", async (_, signal) => {
      head = tagOf('data-project="private"');
      const visitor = await newVisitor(signal);
      await visitQuietly(visitor);
      expect(visitor.sent).toEqual([]);
      expect(await visitor.page.evaluate("localStorage.length")).toBe(0);
      expect(visitor.errors).toEqual([]);
    });

    test.each(Object.entries(SIGNALS))("%s: sends where the project does not", async (_, signal) => {
      const visitor = await newVisitor(signal);
      await open(visitor, "/?btag=signalled");
      await call(visitor.page, "spin");
      await settled(visitor);
      await eventually(() => types(visitor)).toEqual(["visit", "spin"]);
    });

    test("sends nothing where the project's settings cannot be read", async () => {
      head = tagOf('data-project="unknown"');
      const visitor = await newVisitor(SIGNALS["Do Not Track"]);
      await visitQuietly(visitor);
      expect(visitor.sent).toEqual([]);
      expect(await visitor.page.evaluate("localStorage.length")).toBe(0);
      expect(visitor.errors).toEqual([]);
    });

    test("makes no request for settings when the browser sends no privacy signal", async () => {
      head = tagOf('data-project="private"');
      const visitor = await newVisitor();
      let asked = 0;
      visitor.context.on("request", (request) => {
        if (request.url().includes("project.json")) asked++;
      });
      await visitor.page.goto(origin);
      await eventually(() => types(visitor)).toEqual(["visit"]);
      expect(asked).toBe(0);
    });
  });

  describe("never throws into the page", () => {
    const BLOCKED = `Object.defineProperty(window, "localStorage", {
      get() { throw new DOMException("The operation is insecure.", "SecurityError") } })`;
    const FULL = `try { for (let text = "x".repeat(2 ** 20); text; ) try { localStorage[Math.random()] = text }
      catch { text = text.slice(0, text.length / 2) } } catch {}`;

    test.each([
      { name: "blocked", prepare: BLOCKED },
      { name: "full", prepare: FULL },
    ])("with the storage $name, and still sends again", async ({ name, prepare }) => {
      const visitor = await newVisitor(prepare);
      await visitor.page.goto(`${origin}/?btag=storage-${name}`);
      await eventually(() => types(visitor)).toEqual(["visit"]);
      await handleFirst(visitor.page, "**/happened?*event_type=registration*", (route) => route.abort());
      await visitor.page.evaluate("pixel.identify('p-1'); pixel('registration')");
      await expectCounted(`storage-${name}`).toEqual({ visit: 1, identify: 1, registration: 1 });
      expect(new Set(visitor.sent.map(({ fields }) => fields.visitor_id)).size).toBe(1);
      expect(visitor.errors).toEqual([]);
    });

    test("with no API to send by, and sends its events on the next page", async () => {
      const visitor = await newVisitor("if (location.search) { delete window.fetch; delete window.Image }");
      await visitor.page.goto(`${origin}/?btag=no-fetch`);
      await visitor.page.waitForLoadState("networkidle");
      await call(visitor.page, "registration");
      await eventually(async () => (await stored(visitor.page)).unsent.length).toBe(2);
      expect(visitor.errors).toEqual([]);
      await open(visitor, "/games");
      await expectCounted("no-fetch").toEqual({ visit: 2, registration: 1 });
    });

    test("with hostile calls", async () => {
      const visitor = await newVisitor();
      await open(visitor, "/?btag=hostile");
      const thrown = await visitor.page.evaluate<string[]>(`(() => {
        const circular = {}; circular.self = circular;
        const calls = [
          () => pixel(), () => pixel(null, null), () => pixel(Symbol("type")), () => pixel({ toString() { throw 1 } }),
          () => pixel("spin", "text"), () => pixel("spin", 7), () => pixel("spin", circular),
          () => pixel("spin", { symbol: Symbol("value") }), () => pixel("spin", { bare: Object.create(null) }),
          () => pixel("spin", { get trap() { throw new Error("trap") } }),
          () => pixel("spin", new Proxy({}, { ownKeys() { throw new Error("proxy") } })),
          () => pixel("spin", { lone: "\\uD800", big: 10n, call() {}, list: [1, [2]], date: new Date(NaN) }),
          () => pixel("spin", Object.fromEntries(Array.from({ length: 100 }, (_, n) => ["k" + n, n]))),
          () => pixel("spin", { long: "x".repeat(20000) }),
          () => pixel.identify(null), () => pixel.identify({}), () => pixel.identify(Symbol("id")),
          () => pixel.identify("x".repeat(200)), () => pixel.identify("\\u0000"),
          () => history.pushState(null, "", "/%E0%A4%A?btag=%E0%A4%A"),
        ];
        return calls.flatMap((call) => { try { call(); return [] } catch (error) { return [call + ": " + error] } });
      })()`);
      expect(thrown).toEqual([]);
      await settled(visitor);
      await call(visitor.page, "registration");
      await eventually(async () => (await counted(server, "hostile")).registration).toBe(1);
      expect(visitor.errors).toEqual([]);
    });

    test("with something else in its storage or its name", async () => {
      head = `<div id="pixel"></div>${tagOf()}`;
      const visitor = await newVisitor("localStorage.setItem('edgepixel:default', 'not JSON')");
      await open(visitor, "/?btag=garbage");
      await eventually(() => types(visitor)).toEqual(["visit"]);
      expect(visitor.errors).toEqual([]);
    });
  });
});
