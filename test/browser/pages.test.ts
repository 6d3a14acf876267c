/** The snippet on real pages: from the browser's caches, under policies, with other scripts, on shared computers. */
import { createServer, type Server as Site } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { report, type Server } from "../server.ts";
import { installed, openAlone } from "./alone.ts";
import { browserPath, handleFirst } from "./harness.ts";
import { serverAndBrowser } from "./served.ts";
import { counted, eventually, last, stored, types, type Visitor, visitorOf } from "./visitor.ts";

let server: Server;
let browser: Browser;
let site: Site;
let port: number;
/** The site's answers by path; other paths get that of `/`. Set by each test. */
let pages: Record<string, string | { body: string; type?: string; headers?: Record<string, string> }> = {};
/** The requests that the site received. */
let asked: string[] = [];
const open: (() => Promise<unknown>)[] = [];

const tagOf = (attributes = "", src = `${server.url}/pixel.js`) =>
  `<script async src="${src}" data-project="default" ${attributes}></script>`;
/** A site of another origin than the server's, as customers have. */
const at = (path: string, host = "127.0.0.1") => `http://${host}:${port}${path}`;

async function visitor(prepare?: string): Promise<Visitor> {
  const made = await visitorOf(browser, server, prepare);
  open.push(() => made.context.close());
  return made;
}
const settled = (page: Page) => eventually(async () => (await stored(page)).unsent).toEqual([]);
const call = (page: Page, ...given: unknown[]) =>
  page.evaluate(`pixel(${given.map((value) => JSON.stringify(value)).join(",")})`);
/** Waits until the page has sent exactly these events, in this order. */
async function expectSent(who: Visitor, expected: string[]): Promise<void> {
  await eventually(() => types(who)).toEqual(expected);
  await settled(who.page);
  expect(types(who)).toEqual(expected);
}

/** Waits until all earlier events are counted: until an event that is sent now is. */
async function upToNow(): Promise<void> {
  const tag = `up to ${crypto.randomUUID()}`;
  const query = new URLSearchParams({ player_id: "nobody-else", banner_tag: tag });
  expect((await fetch(`${server.url}/visit?${query}`)).status).toBe(200);
  await eventually(() => counted(server, tag)).toEqual({ visit: 1 });
}

describe.skipIf(!browserPath)("the snippet on a page", () => {
  serverAndBrowser(
    async (started, launched) => {
      [server, browser] = [started, launched];
      site = createServer((request, response) => {
        const path = new URL(request.url ?? "", "http://site").pathname;
        asked.push(request.url ?? "");
        const page = pages[path] ?? pages["/"] ?? "";
        const { body, type = "text/html", headers = {} } = typeof page === "string" ? { body: page } : page;
        response.writeHead(path === "/favicon.ico" ? 404 : 200, { "content-type": type, ...headers });
        response.end(type === "text/html" ? `<!doctype html><meta charset="utf-8"><title>A site</title>${body}` : body);
      });
      await new Promise<void>((listening) => site.listen(0, listening));
      port = (site.address() as AddressInfo).port;
    },
    { keepPages: true },
  );

  afterEach(async () => {
    await Promise.all(open.splice(0).map((close) => close()));
    pages = {};
    asked = [];
  });

  afterAll(() => {
    site?.closeAllConnections();
    site?.close();
  });

  test.for(installed("Chromium", "Chromium's shell"))(
    "that is prerendered counts when it is seen, and never when it is not, in $name",
    async (kind) => {
      const tag = `prerendered-${kind.path.length}`;
      const target = `/target?btag=${tag}`;
      pages = {
        "/": `<script type="speculationrules">{"prerender":[{"urls":["${target}"],"eagerness":"immediate"}]}</script>
          <script>setInterval(async () => { if (await (await fetch("/seen")).text()) location.href = "${target}" }, 100)</script>`,
        "/target": tagOf(`onload="fetch('/ran?'+document.prerendering)"`),
        "/seen": { body: "", type: "text/plain" },
        "/ran": { body: "", type: "text/plain" },
      };
      const url = at("/", "localhost");
      const close = openAlone(kind, url);
      open.push(close);
      await eventually(() => asked, "the snippet has run in a page that nobody sees").toContain("/ran?true");
      await upToNow();
      expect(await counted(server, tag)).toEqual({});
      await close();
      await upToNow();
      expect(await counted(server, tag)).toEqual({});

      asked = [];
      open.push(openAlone(kind, url));
      await eventually(() => asked).toContain("/ran?true");
      pages["/seen"] = { body: "yes", type: "text/plain" };
      await eventually(() => counted(server, tag)).toEqual({ visit: 1 });
      await upToNow();
      expect(await counted(server, tag)).toEqual({ visit: 1 });
      expect(asked).not.toContain("/ran?false");
    },
  );

  test.for(installed("Chromium", "Firefox"))(
    "that comes back from the browser's cache counts again, in $name",
    async (kind) => {
      const tag = `restored-${kind.path.length}`;
      pages = {
        "/": `${tagOf()}<script>
          addEventListener("pageshow", ({ persisted }) => fetch("/shown?" + persisted));
          (async function leave() {
            if (await (await fetch("/leave")).text()) location.href = "${at("/away", "localhost")}";
            else setTimeout(leave, 100);
          })();
        </script>`,
        "/away": `<script>setTimeout(() => history.back(), 300)</script>`,
        "/leave": { body: "", type: "text/plain" },
        "/shown": { body: "", type: "text/plain" },
      };
      open.push(openAlone(kind, at(`/?btag=${tag}`)));
      await eventually(() => counted(server, tag)).toEqual({ visit: 1 });
      pages["/leave"] = { body: "now", type: "text/plain" };
      await eventually(() => asked, "the browser kept the page").toContain("/shown?true");
      await eventually(() => counted(server, tag)).toEqual({ visit: 2 });
      await upToNow();
      expect(await counted(server, tag)).toEqual({ visit: 2 });
    },
  );

  describe("with routes behind the hash", () => {
    const LINKS = `<a href="#/lobby">lobby</a> <a href="#/cashier">cashier</a>`;

    test("counts each where the tag says so, and no search in one", async () => {
      pages = { "/": tagOf("data-hash") + LINKS };
      const who = await visitor();
      await who.page.goto(at("/#/?btag=fromhash&click_id=c1"));
      await expectSent(who, ["visit"]);
      for (const name of ["lobby", "cashier"]) await who.page.click(`text=${name}`);
      await expectSent(who, ["visit", "visit", "visit"]);
      await who.page.evaluate(`for (const q of ["r", "ro", "rou"]) history.replaceState(null, "", "#/cashier?q=" + q)`);
      await who.page.evaluate(`history.replaceState(null, "", "#/done")`);
      await expectSent(who, Array(4).fill("visit"));
      expect(last(who)).toMatchObject({ banner_tag: "fromhash", click_id: "c1" });
      await eventually(() => counted(server, "fromhash")).toEqual({ visit: 4 });
    });

    test.each([
      ["#/?btag=h&click_id=c", "h", "c"],
      ["#btag=h&click_id=c", "h", "c"],
      ["#/lobby/slots?click_id=c&banner_tag=h", "h", "c"],
      ["?btag=q#/?btag=h&click_id=c", "q", "c"],
      ["?click_id=c#btag=h?1", "h?1", "c"],
      ["?btag=q#/lobby", "q", undefined],
      ["#/lobby", "page", undefined],
    ])("reads tag and click from %s", async (address, banner_tag, click_id) => {
      pages = { "/": tagOf(`data-btag="page"`) };
      const who = await visitor();
      await who.page.goto(at(`/${address}`));
      await expectSent(who, ["visit"]);
      expect([last(who).banner_tag, last(who).click_id]).toEqual([banner_tag, click_id]);
    });
  });

  test("does not count what a search box notes in the address", async () => {
    pages = {
      "/": `${tagOf()}<input id="q"><script>q.oninput = () => history.replaceState(null, "", "?q=" + q.value)</script>`,
    };
    const who = await visitor();
    await who.page.goto(at("/?btag=typing"));
    await expectSent(who, ["visit"]);
    await who.page.type("#q", "roulette");
    expect(who.page.url()).toContain("?q=roulette");
    await call(who.page, "spin");
    await expectSent(who, ["visit", "spin"]);
  });

  test.each([
    ["ten minutes ahead", 600_000],
    ["two weeks ahead", 14 * 86_400_000],
    ["a day behind", -86_400_000],
  ])("loses no event because of a clock %s", async (name, skew) => {
    const tag = `clock ${name}`;
    pages = { "/": tagOf() };
    const who = await visitor(`const now = Date.now.bind(Date); Date.now = () => now() + ${skew}`);
    await who.page.goto(at(`/?btag=${encodeURIComponent(tag)}`));
    await call(who.page, "registration", { player_id: `clock${skew}` });
    await call(who.page, "deposit", { player_id: `clock${skew}`, amount: "10.00", currency: "EUR" });
    await expectSent(who, ["visit", "registration", "deposit"]);
    expect(Math.abs(Number(last(who).timestamp) - Date.now() - skew)).toBeLessThan(300_000);
    expect(who.warnings).toEqual([]);
    await eventually(() => counted(server, tag)).toEqual({ visit: 1, registration: 1, deposit: 1 });
  });

  describe("with a referrer of another site", () => {
    /** Opens an address as a click on a link does. */
    const follow = (who: Visitor, to: string) => who.page.evaluate(`location.href = ${JSON.stringify(to)}`);
    /** The sources of a tag's visits, with the figures of their people. */
    const traffic = async (banner_tag: string, by: string) => {
      const { rows } = await report<{
        rows: { value: string | null; visits: number; visitors: number; registrations: number }[];
      }>(server, `traffic?by=${by}&banner_tag=${banner_tag}`);
      return rows.map(({ value, visits, visitors, registrations }) => [value, visits, visitors, registrations]);
    };

    test("sends that site and the landing page, on each page of the visit", async () => {
      pages = { "/": tagOf(), "/list": "A list of offers" };
      const who = await visitor();
      await who.page.goto(at("/list?reader=jane", "localhost"));
      await follow(who, at("/offer?btag=led&email=jane%40example.com"));
      await expectSent(who, ["visit"]);
      const began = { referrer: "localhost", landing_page: "/offer" };
      expect(last(who)).toMatchObject(began);
      expect(JSON.stringify(who.sent)).not.toContain("jane");
      await follow(who, at("/games/slots?page=2"));
      await expectSent(who, ["visit", "visit"]);
      expect(last(who)).toMatchObject(began);
      await who.page.evaluate("history.pushState({}, '', '/cashier')");
      await expectSent(who, ["visit", "visit", "visit"]);
      expect(last(who)).toMatchObject(began);
      await call(who.page, "registration", { player_id: "led" });
      await expectSent(who, ["visit", "visit", "visit", "registration"]);
      expect(last(who)).not.toHaveProperty("referrer");
      expect(last(who)).not.toHaveProperty("landing_page");
      await eventually(() => counted(server, "led")).toEqual({ visit: 3, registration: 1 });
      await eventually(() => traffic("led", "referrer")).toEqual([["localhost", 3, 1, 1]]);
      await eventually(() => traffic("led", "landing_page")).toEqual([["/offer", 3, 1, 1]]);
    });

    test("says that there is no referrer when the visitor later comes back directly", async () => {
      pages = { "/": tagOf(), "/list": "A list of offers" };
      const who = await visitor();
      await who.page.goto(at("/list", "localhost"));
      await follow(who, at("/offer?btag=back"));
      await expectSent(who, ["visit"]);
      await who.page.goto(at("/lobby"));
      await expectSent(who, ["visit", "visit"]);
      expect(last(who)).toMatchObject({ referrer: "-", landing_page: "/lobby" });
      await eventually(() => counted(server, "back")).toEqual({ visit: 2 });
      // The person counts for the referrer of the first visit.
      await eventually(() => traffic("back", "referrer")).toEqual([
        [null, 1, 0, 0],
        ["localhost", 1, 1, 0],
      ]);
    });

    test("sends the first route of the visit when routes are behind the hash", async () => {
      pages = { "/": tagOf("data-hash") };
      const who = await visitor();
      await who.page.goto(at("/#/lobby?btag=hashed&email=jane"));
      await expectSent(who, ["visit"]);
      expect(last(who)).toMatchObject({ referrer: "-", landing_page: "/#/lobby" });
    });

    test("leaves out a path that is too long, and values that the page itself sets win", async () => {
      pages = { "/": tagOf() };
      const who = await visitor();
      await who.page.goto(at(`/${"long".repeat(200)}`));
      await expectSent(who, ["visit"]);
      expect(last(who)).toMatchObject({ referrer: "-" });
      expect(last(who)).not.toHaveProperty("landing_page");
      await call(who.page, "visit", { landing_page: "/short", referrer: "partner.example" });
      await expectSent(who, ["visit", "visit"]);
      expect(last(who)).toMatchObject({ referrer: "partner.example", landing_page: "/short" });
    });
  });

  describe("in a browser that blocks what public lists name", () => {
    /** Rules of EasyPrivacy that blocked the snippet's former names, or would block similar ones. */
    const BLOCKED = [
      "/pixel.json?",
      "/pixel/visit?",
      "/script/pixel.js",
      "/pixel.gif?",
      "/event?event_id=",
      "/events?",
    ];

    test("and sends a privacy signal, counts if the project allows it", async () => {
      pages = { "/": tagOf() };
      const who = await visitor(
        "Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true })",
      );
      const blocked: string[] = [];
      await who.context.route("**/*", (route) => {
        const url = route.request().url();
        if (!BLOCKED.some((rule) => url.includes(rule))) return route.continue();
        blocked.push(url);
        return route.abort("blockedbyclient");
      });
      await who.page.goto(at("/?btag=blocking"));
      for (const type of ["level_up", "identify", "registration"]) await call(who.page, type, { player_id: "p-1" });
      await expectSent(who, ["visit", "level_up", "identify", "registration"]);
      expect(blocked).toEqual([]);
      await eventually(() => counted(server, "blocking")).toEqual({
        ...{ visit: 1, level_up: 1, identify: 1, registration: 1 },
      });
    });
  });

  describe("whose policy forbids connections", () => {
    const policed = (images: string) =>
      `<meta http-equiv="Content-Security-Policy" content="default-src 'self'; script-src ${server.url}; img-src ${images}">`;

    test("counts by images, once", async () => {
      pages = { "/": policed("*") + tagOf() };
      const who = await visitor();
      await who.page.goto(at("/?btag=policy"));
      await eventually(async () => (await stored(who.page)).visitor).toBeTruthy();
      await call(who.page, "registration", { player_id: "policed" });
      await settled(who.page);
      await eventually(() => counted(server, "policy")).toEqual({ visit: 1, registration: 1 });
      expect(who.errors).toEqual([]);
    });

    test.each([429, 503])("keeps events that are answered with %i, and sends them again", async (status) => {
      pages = { "/": policed("*") + tagOf() };
      const who = await visitor();
      await who.page.goto(at(`/?btag=policy-${status}`));
      await settled(who.page);
      // The server answers an image request of the snippet without an image when it fails.
      await handleFirst(who.context, "**/happened?*event_type=registration*", (route) =>
        route.fulfill({ status, contentType: "application/problem+json", body: "{}" }),
      );
      await call(who.page, "registration");
      await eventually(() => counted(server, `policy-${status}`)).toEqual({ visit: 1, registration: 1 });
      await settled(who.page);
    });

    test("and images keeps its events, for a page that may send them", async () => {
      pages = { "/": policed("'self'") + tagOf(), "/open": tagOf() };
      const who = await visitor();
      await who.page.goto(at("/?btag=forbidden"));
      await eventually(async () => (await stored(who.page)).unsent.length).toBe(1);
      expect(who.errors).toEqual([]);
      await who.page.goto(at("/open"));
      await eventually(() => counted(server, "forbidden")).toEqual({ visit: 2 });
    });
  });

  describe("finds its tag", () => {
    const CORS = { "access-control-allow-origin": "*" };
    const script = async () => (await fetch(`${server.url}/pixel.js`)).text();

    test("as a module, behind another vendor's pixel.js", async () => {
      pages = {
        "/": `<script src="/vendor/ads/pixel.js"></script>
          <script type="module" src="${server.url}/pixel.js" data-project="default"></script>`,
        "/vendor/ads/pixel.js": { body: "window.vendor = 1", type: "text/javascript" },
      };
      const who = await visitor();
      await who.page.goto(at("/?btag=two-pixels"));
      await expectSent(who, ["visit"]);
      expect(asked.filter((path) => /visit|happened/.test(path))).toEqual([]);
    });

    test("where a tag manager puts it into the page", async () => {
      pages = {
        "/": `<script src="/vendor/ads/pixel.js"></script><script>
          const tag = document.createElement("script");
          tag.async = true;
          tag.src = "${server.url}/pixel.js";
          tag.dataset.project = "default";
          tag.dataset.btag = "managed";
          document.head.append(tag);
        </script>`,
        "/vendor/ads/pixel.js": { body: "", type: "text/javascript" },
      };
      const who = await visitor();
      await who.page.goto(at("/"));
      await expectSent(who, ["visit"]);
      expect(last(who)).toMatchObject({ banner_tag: "managed" });
    });

    test("when an optimiser keeps a copy of the script on the site, and the tag names the server", async () => {
      const copy = "/cache/min/1/pixel.js";
      pages = {
        "/": tagOf(`data-minify="1" data-host="${server.url}"`, `${copy}?ver=1`),
        [copy]: { body: await script(), type: "text/javascript" },
      };
      const who = await visitor();
      await who.page.goto(at("/?btag=rehosted"));
      await expectSent(who, ["visit"]);
      expect(who.warnings).toEqual([]);
      await eventually(() => counted(server, "rehosted")).toEqual({ visit: 1 });
    });

    test("when a copy has no server named: warns, and keeps the events until it has", async () => {
      const copy = "/cache/min/1/pixel.js";
      pages = { "/": tagOf("", copy), [copy]: { body: await script(), type: "text/javascript" } };
      const who = await visitor();
      await who.page.goto(at("/?btag=untold"));
      await eventually(() => who.warnings[0]).toMatch(
        /^not Edgepixel http:\/\/127\.0\.0\.1:\d+\/cache\/min\/1\/happened\?/,
      );
      expect((await stored(who.page)).unsent).toHaveLength(1);
      pages["/told"] = { body: tagOf(`data-host="${server.url}"`, copy), headers: CORS };
      await who.page.goto(at("/told"));
      await eventually(() => counted(server, "untold")).toEqual({ visit: 2 });
    });
  });

  describe("of several hosts of a domain", () => {
    test("has one visitor with one tag if the site names the domain", async () => {
      pages = { "/": tagOf(`data-domain="brand.localhost"`) };
      const who = await visitor();
      await who.page.goto(at("/?btag=domain&click_id=c-1", "promo.brand.localhost"));
      await expectSent(who, ["visit"]);
      const { visitor_id } = last(who);
      await who.page.goto(at("/", "www.brand.localhost"));
      await call(who.page, "identify", { player_id: "in the domain; ü" });
      await call(who.page, "registration");
      await expectSent(who, ["visit", "visit", "identify", "registration"]);
      expect(last(who)).toMatchObject({ visitor_id, banner_tag: "domain", click_id: "c-1" });
      await who.page.goto(at("/", "promo.brand.localhost"));
      await call(who.page, "identify", { player_id: "in the domain; ü" });
      await expectSent(who, ["visit", "visit", "identify", "registration", "visit"]);
      expect(last(who)).toMatchObject({ visitor_id, player_id: "in the domain; ü" });
      const cookies = await who.context.cookies();
      expect(cookies.map(({ name, domain }) => [name, domain])).toEqual([["edgepixel_default", ".brand.localhost"]]);
      await eventually(() => counted(server, "domain")).toEqual({ visit: 3, identify: 1, registration: 1 });

      await call(who.page, "reset");
      await who.page.goto(at("/", "www.brand.localhost"));
      await expectSent(who, ["visit", "visit", "identify", "registration", "visit", "visit"]);
      expect(last(who)).not.toHaveProperty("player_id");
      expect(last(who).visitor_id).not.toBe(visitor_id);
    });

    test("continues the visit from one host to the other if the site names the domain", async () => {
      pages = { "/": tagOf(`data-domain="brand.localhost"`) };
      const who = await visitor();
      const follow = (to: string) => who.page.evaluate(`location.href = ${JSON.stringify(to)}`);
      await who.page.goto(at("/", "my-brand.localhost"));
      await expectSent(who, ["visit"]);
      await follow(at("/offer?btag=led-domain", "promo.brand.localhost"));
      await expectSent(who, ["visit", "visit"]);
      expect(last(who)).toMatchObject({ referrer: "my-brand.localhost", landing_page: "/offer" });
      await follow(at("/lobby", "www.brand.localhost"));
      await expectSent(who, ["visit", "visit", "visit"]);
      expect(last(who)).toMatchObject({ referrer: "my-brand.localhost", landing_page: "/offer" });
    });

    test("stays with its host if the site names no domain, or one that it does not belong to", async () => {
      for (const attributes of ["", `data-domain="other.localhost"`]) {
        pages = { "/": tagOf(attributes) };
        const who = await visitor();
        await who.page.goto(at("/?btag=hosts", "promo.brand.localhost"));
        await expectSent(who, ["visit"]);
        const { visitor_id } = last(who);
        await who.page.goto(at("/again", "promo.brand.localhost"));
        await expectSent(who, ["visit", "visit"]);
        expect(last(who)).toMatchObject({ visitor_id, banner_tag: "hosts" });
        await who.page.goto(at("/", "www.brand.localhost"));
        await expectSent(who, ["visit", "visit", "visit"]);
        expect(last(who)).toMatchObject({ banner_tag: "organic" });
        expect(last(who).visitor_id).not.toBe(visitor_id);
        expect(await who.context.cookies()).toEqual([]);
      }
    });
  });

  test.each([
    ...["undefined", "unknown", "null", "nil", "NaN", "none", "None", "0", "anonymous", "Guest", "[object Object]"],
    ...["{player_id}", "{{player}}", "\u0024{id}", "#id#", "<id>", "%id%", "[id]"],
  ])("takes %s as no player", async (nobody) => {
    pages = { "/": tagOf() };
    const who = await visitor();
    await who.page.goto(at("/?btag=nobody"));
    await call(who.page, "identify", { player_id: nobody });
    await call(who.page, "registration", { player_id: nobody });
    await expectSent(who, ["visit", "registration"]);
    for (const { fields } of who.sent) expect(fields).not.toHaveProperty("player_id");
    await call(who.page, "identify", { player_id: "somebody" });
    await call(who.page, "spin", { player_id: nobody });
    await expectSent(who, ["visit", "registration", "identify", "spin"]);
    expect(last(who)).toMatchObject({ player_id: "somebody" });
    expect(who.warnings).toEqual([]);
  });

  test.each(["{btag}", "{{campaign.name}}", "#tag#", "%TAG%", "<tag>", "[tag]"])(
    "does not remember %s as a tag",
    async (macro) => {
      pages = { "/": tagOf() };
      const who = await visitor();
      await who.page.goto(at("/?btag=real&click_id=c-1"));
      await expectSent(who, ["visit"]);
      await who.page.goto(at(`/?btag=${encodeURIComponent(macro)}&click_id=${encodeURIComponent(macro)}`));
      await expectSent(who, ["visit", "visit"]);
      expect(last(who)).toMatchObject({ banner_tag: "real", click_id: "c-1" });
    },
  );

  test("remembers a click of 512 characters whole", async () => {
    pages = { "/": tagOf() };
    const who = await visitor();
    const click_id = `E_C_P_${"a".repeat(506)}`;
    await who.page.goto(at(`/?btag=long&click_id=${click_id}`));
    await expectSent(who, ["visit"]);
    expect(last(who).click_id).toBe(click_id);
    await who.page.goto(at(`/?click_id=${click_id}b`));
    await expectSent(who, ["visit", "visit"]);
    expect(last(who).click_id, "what is longer is no click").toBe(click_id);
  });

  test("on a shared computer: after reset the pages have no player, and the next player gets a new visitor id", async () => {
    const QUEUE = "window.pixel=window.pixel||function(){(pixel.q=pixel.q||[]).push(arguments)}";
    pages = { "/": `<script>${QUEUE}</script>${tagOf(`data-btag="shared"`)}` };
    const who = await visitor();
    const next = (n: number) => who.page.evaluate(`history.pushState(null, "", "?lobby=${n}")`);
    await who.page.goto(at("/?click_id=annas"));
    await call(who.page, "identify", { player_id: "anna" });
    await next(1);
    await who.page.evaluate("pixel.reset()");
    await next(2);
    await call(who.page, "identify", { player_id: "ben" });
    await next(3);
    await expectSent(who, ["visit", "identify", "visit", "visit", "identify", "visit"]);
    const [before, , annas, nobodys, , bens] = who.sent.map(({ fields }) => fields);
    expect(annas).toMatchObject({ player_id: "anna", visitor_id: before?.visitor_id, click_id: "annas" });
    expect(nobodys).not.toHaveProperty("player_id");
    expect(nobodys).not.toHaveProperty("click_id");
    expect(nobodys?.visitor_id).not.toBe(annas?.visitor_id);
    expect(bens).toMatchObject({ player_id: "ben", visitor_id: nobodys?.visitor_id });
    // Anna signs in again: linked to the new visitor, too.
    await who.page.evaluate("pixel('reset'); pixel.identify('anna')");
    await eventually(() => types(who).slice(6)).toEqual(["identify"]);
    expect(last(who)).toMatchObject({ player_id: "anna" });
    expect([before?.visitor_id, bens?.visitor_id]).not.toContain(last(who).visitor_id);
  });

  test("in a frame that may do nothing but run scripts counts once", async () => {
    pages = {
      "/": `<iframe sandbox="allow-scripts" src="/frame?btag=sandboxed"></iframe>`,
      "/frame": `${tagOf(`onload="pixel('registration',{player_id:'sandboxed'})"`)}`,
    };
    const who = await visitor();
    await who.page.goto(at("/"));
    await eventually(() => counted(server, "sandboxed")).toEqual({ visit: 1, registration: 1 });
    expect(types(who)).toEqual(["visit", "registration"]);
    expect(who.errors).toEqual([]);
  });

  test.for(installed("Chromium", "Firefox"))("that is left at once loses no registration, in $name", async (kind) => {
    const tag = `left-${kind.path.length}`;
    pages = {
      "/": tagOf(`onload="pixel('registration',{player_id:'${tag}'});location.href='/next'"`),
      "/next": tagOf(`onload="fetch('/arrived')"`),
      "/arrived": { body: "", type: "text/plain" },
    };
    open.push(openAlone(kind, at(`/?btag=${tag}`)));
    await eventually(() => asked).toContain("/arrived");
    await eventually(() => counted(server, tag)).toEqual({ visit: 2, registration: 1 });
  });
});
