/** Runs the code that docs/guides give to paste: in Chromium, in each language's interpreter, and in workerd. */
import { type ChildProcess, execFile, spawn, spawnSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse, type Server as Site } from "node:http";
import type { AddressInfo } from "node:net";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import type { Browser, Page, Request } from "playwright-core";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { unstable_readConfig } from "wrangler";
import { report, type Server, startServer } from "../server.ts";
import { browserPath, launch } from "./harness.ts";
import { eventually, stored, types, type Visitor, visitorOf } from "./visitor.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const GUIDES = join(ROOT, "docs/guides");
const run = promisify(execFile);
/** Only a browser's user agent makes a visit. */
const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const has = (program: string, question: string) => spawnSync(program, [question]).status === 0;

let server: Server;
let browser: Browser;
let site: Site;
let origin: string;
let folder: string;
/** A site's answers by path; any other path gets the same page. Set by each test. */
let answers: Record<string, string>;
/** The answers below /e/. */
let behind: (request: IncomingMessage, response: ServerResponse) => void;
const started: ChildProcess[] = [];

const filled = (text: string, project: string) =>
  text.replaceAll("https://YOUR-HOST", server.url).replaceAll("YOUR-PROJECT", project);
const code = (file: string) => readFileSync(join(GUIDES, "code", file), "utf8");
/** The code blocks of a page in this language, in their order, without those that quote a file. */
const blocks = (page: string, language: string) =>
  [...readFileSync(join(GUIDES, page), "utf8").matchAll(/^```(\S+)([^\n]*)\n(.*?)^```$/gms)]
    .filter(([, own, info = ""]) => own === language && !info.includes("code/"))
    .map(([, , , text = ""]) => text);

const page = (head: string, body = "") => `<!doctype html><title>A site</title>${head}<body>${body}</body>`;

async function api<Body>(path: string, body: object): Promise<Body> {
  const answer = await fetch(`${server.url}/api/v1/${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${server.token}` },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
  return (await answer.json()) as Body;
}
type Made = { project: string; key: string; secret: string };
let made = 0;
/** A new project for each guide and each run of its test, with a key that sends to it. */
async function newProject(name: string, settings: object = {}): Promise<Made> {
  const project_id = `${name}-${++made}`;
  const { pixel_secret } = await api<{ pixel_secret: string }>("projects", { project_id, ...settings });
  const { key } = await api<{ key: string }>("keys", { name: project_id, project_id, role: "collect" });
  return { project: project_id, key, secret: pixel_secret };
}

/** Distinct events of a project, by type. */
async function totals(project: string): Promise<Record<string, number>> {
  const { rows } = await report<{ rows: { event_type: string; total: number }[] }>(
    server,
    `metrics?project_id=${project}`,
  );
  return Object.fromEntries(rows.map(({ event_type, total }) => [event_type, total]));
}
/** The events of all guides are looked up in the figures once at the end, since figures are some seconds behind. */
const expected: Record<string, Record<string, number>> = {};
/** The number of events of a type in the log, duplicates included. */
const arrived: Record<string, Record<string, number>> = {};

/** Waits until all events of the page are accepted. A page that is left earlier sends them again from the next one. */
const settled = (shown: Page, project: string) =>
  eventually(async () => (await stored(shown, project)).unsent, project).toEqual([]);

async function inLog(project: string, event_type: string): Promise<number> {
  const { rows } = await report<{ rows: object[] }>(server, `events?project_id=${project}&event_type=${event_type}`);
  return rows.length;
}

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<[Site, string]> {
  const made = createServer(answer);
  await new Promise<void>((listening) => made.listen(0, "127.0.0.1", listening));
  return [made, `http://127.0.0.1:${(made.address() as AddressInfo).port}`];
}

/** Forwards a request and returns the answer, as a proxy does. */
async function forward(request: IncomingMessage, response: ServerResponse, url: string): Promise<void> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const headers = new Headers(request.headers as Record<string, string>);
  for (const name of ["host", "connection"]) headers.delete(name);
  const body = parts.length > 0 && { body: Buffer.concat(parts) };
  const answer = await fetch(url, { method: request.method as string, headers, ...body });
  const kept = new Headers(answer.headers);
  // The forwarded body is decompressed.
  for (const name of ["content-encoding", "content-length"]) kept.delete(name);
  response.writeHead(answer.status, Object.fromEntries(kept)).end(Buffer.from(await answer.arrayBuffer()));
}

beforeAll(async () => {
  mkdirSync(join(ROOT, ".tsbuild"), { recursive: true });
  folder = mkdtempSync(join(ROOT, ".tsbuild/guides-"));
  [site, origin] = await listen((request, response) => {
    const path = new URL(request.url ?? "", "http://site").pathname;
    if (path.startsWith("/e/")) return behind(request, response);
    const script = path.endsWith(".js");
    response.writeHead(path === "/favicon.ico" ? 404 : 200, {
      "content-type": script ? "text/javascript" : "text/html",
    });
    response.end(answers[path] ?? answers["/"]);
  });
  server = await startServer();
  if (browserPath) browser = await launch();
});

afterAll(async () => {
  for (const child of started) child.kill();
  await browser?.close();
  site?.closeAllConnections();
  site?.close();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const sent = (visitor: Visitor) => eventually(() => types(visitor));
const byType = ({ sent: all }: Visitor, type: string) => all.filter((one) => one.type === type);

describe.skipIf(!browserPath)("in a page", () => {
  test("plain-html.md: each page sends its event, and a page that is loaded twice sends it once", async () => {
    const { project } = await newProject("plain");
    const [tag = ""] = blocks("plain-html.md", "html");
    const [signUp, payment, signedIn, signedOut] = blocks("plain-html.md", "js");
    const one = (script = "") => page(filled(tag, project), `<script>${script}</script>`);
    answers = {
      "/": one(),
      "/welcome": one(signUp),
      "/paid": one(payment),
      "/in": one(signedIn),
      "/bye": one(signedOut),
    };
    const visitor = await visitorOf(browser, server);
    for (const [path, events] of [
      ["/?btag=summer", ["visit"]],
      ["/welcome", ["identify", "registration", "visit"]],
      ["/welcome", ["registration", "visit"]],
      ["/paid", ["deposit", "visit"]],
      ["/in", ["visit"]],
      ["/bye", ["visit"]],
      ["/", ["visit"]],
    ] as const) {
      const before = visitor.sent.length;
      await visitor.page.goto(origin + path);
      await eventually(() => types(visitor).slice(before).sort(), path).toEqual(events);
      await settled(visitor.page, project);
    }
    expected[project] = { visit: 7, identify: 1, registration: 1, deposit: 1 };
    const [first, ...visits] = byType(visitor, "visit").map(({ fields }) => fields);
    expect(byType(visitor, "deposit")[0]?.fields).toMatchObject({ player_id: "player-42", banner_tag: "summer" });
    expect(visits.at(-1)?.player_id, "after signing out").toBeUndefined();
    expect(visits.at(-1)?.visitor_id).not.toBe(first?.visitor_id);
    expect(visitor.errors).toEqual([]);
  });

  test("single-page-apps.md: the component compiles, and each route counts once", async () => {
    const { project } = await newProject("app");
    for (const file of ["edgepixel.ts", "edgepixel-tag.tsx", "app.tsx", "layout.tsx"])
      writeFileSync(join(folder, file), filled(code(file), project));
    writeFileSync(
      join(folder, "session.ts"),
      "export const currentPlayer = async (): Promise<string | null> => null;\n",
    );
    writeFileSync(
      join(folder, "main.tsx"),
      `import { createRoot } from "react-dom/client";\nimport { App } from "./app";\n` +
        `createRoot(document.querySelector("main") as HTMLElement).render(<App />);\n`,
    );
    await compile(["main.tsx", "layout.tsx"]);
    answers = { "/": page("", `<main></main><script src="/app.js"></script>`), "/app.js": await bundle("main.tsx") };

    const visitor = await visitorOf(browser, server);
    const { page: shown } = visitor;
    const press = (name: string) => shown.getByRole("button", { name }).click();
    await shown.goto(`${origin}/?btag=autumn`);
    await sent(visitor).toEqual(["visit"]);
    await shown.evaluate("history.pushState({}, '', '/games'); history.replaceState({ scroll: 1 }, '', '/games')");
    await sent(visitor).toEqual(["visit", "visit"]);
    await press("Sign in");
    await sent(visitor).toEqual(["visit", "visit", "identify"]);
    await press("Pay");
    await sent(visitor).toEqual(["visit", "visit", "identify", "deposit"]);
    await press("Sign out");
    await shown.evaluate("history.pushState({}, '', '/bye')");
    await sent(visitor).toEqual(["visit", "visit", "identify", "deposit", "visit"]);
    await settled(visitor.page, project);
    expected[project] = { visit: 3, identify: 1, deposit: 1 };
    const [first, last] = [visitor.sent[0]?.fields, visitor.sent.at(-1)?.fields];
    expect(visitor.sent[3]?.fields).toMatchObject({ player_id: "player-42", banner_tag: "autumn" });
    expect(last?.player_id).toBeUndefined();
    expect(last?.visitor_id).not.toBe(first?.visitor_id);
    expect(visitor.errors).toEqual([]);
  });

  test("tag-manager.md: one tag loads the snippet, one sends what the data layer has", async () => {
    const { project } = await newProject("tags");
    const [load = "", push = "", send = ""] = blocks("tag-manager.md", "html");
    answers = { "/": page("", "") };
    const visitor = await visitorOf(browser, server);
    await visitor.page.goto(`${origin}/?btag=gtm`);
    const pushed = await inPage(visitor.page, `${push.replace(/<\/?script>/g, "")}; JSON.stringify(dataLayer.at(-1))`);
    const { edgepixel } = JSON.parse(pushed as string) as { edgepixel: { type: string; fields: object } };
    const values = { "Edgepixel type": edgepixel.type, "Edgepixel fields": edgepixel.fields };
    const event = send.replace(/\{\{(.+?)\}\}/g, (_, name: keyof typeof values) => JSON.stringify(values[name]));
    // A container runs both at once: the event is sent before the snippet has loaded.
    for (const html of [filled(load, project), event]) await inPage(visitor.page, html.replace(/<\/?script>/g, ""));
    await eventually(() => types(visitor).sort()).toEqual(["deposit", "visit"]);
    await settled(visitor.page, project);
    expected[project] = { visit: 1, deposit: 1 };
    expect(byType(visitor, "deposit")[0]?.fields).toMatchObject({ amount: "25.00", banner_tag: "gtm" });
    expect(visitor.errors).toEqual([]);
  });

  test("zaraz.md: a script tag that is created from its attributes again at each route counts each route once", async () => {
    const { project } = await newProject("zaraz");
    const [tag = ""] = blocks("zaraz.md", "html");
    answers = { "/": page("", "") };
    const visitor = await visitorOf(browser, server);
    await visitor.page.goto(`${origin}/?btag=edge`);
    const make = `{
      const parsed = new DOMParser().parseFromString(${JSON.stringify(filled(tag, project))}, "text/html").scripts[0];
      const made = document.createElement("script");
      for (const { name, value } of parsed.attributes) made.setAttribute(name, value);
      new Promise((loaded) => {
        made.onload = loaded;
        document.head.append(made);
      });
    }`;
    await inPage(visitor.page, make);
    await sent(visitor).toEqual(["visit"]);
    await visitor.page.evaluate("history.pushState({}, '', '/games')");
    await inPage(visitor.page, make);
    await sent(visitor).toEqual(["visit", "visit"]);
    await settled(visitor.page, project);
    expected[project] = { visit: 2 };
    expect(visitor.errors).toEqual([]);
  });

  test("shops.md: an order that both the page and the webhook report counts once, for the campaign", async () => {
    const { project, key } = await newProject("shop");
    const [theme = ""] = blocks("shops.md", "html");
    const customer = { id: 7001 };
    answers = {
      "/": page(
        filled(theme, project)
          .replace(/\{%.*?%\}/g, "")
          .replace("{{ customer.id }}", String(customer.id)),
      ),
    };
    const shown = await (await browser.newContext()).newPage();
    const [visited] = await Promise.all([
      shown.waitForRequest(/\/happened\?.*event_type=visit/),
      shown.waitForRequest(/\/happened\?.*event_type=identify/),
      shown.goto(`${origin}/?btag=shop-window`),
    ]);
    await settled(shown, project);

    const checkout = {
      order: { id: "gid://shopify/OrderIdentity/4711", customer: { id: `${customer.id}` } },
      totalPrice: { amount: 29.950000000000003, currencyCode: "EUR" },
    };
    const fieldsOf = (request: Request) => Object.fromEntries(new URL(request.url()).searchParams);
    const [bought] = await Promise.all([
      shown.waitForResponse(/\/happened\?event_type=purchase/),
      inPage(
        shown,
        `const analytics = { subscribe: (_, act) => act({ data: { checkout: ${JSON.stringify(checkout)} } }) };
        const browser = { localStorage: { getItem: async (name) => localStorage.getItem(name) } };
        ${filled(code("shop-pixel.js"), project)}`,
      ),
    ]);
    expect(bought.headers()["x-event-status"]).toBe("accepted");
    expect(fieldsOf(bought.request())).toMatchObject({
      player_id: "7001",
      btag: "shop-window",
      transaction_id: "4711",
      amount: "29.9500",
      visitor_id: fieldsOf(visited).visitor_id,
    });

    const shop = await webhook(key);
    const body = JSON.stringify({ id: 4711, total_price: "29.95", currency: "EUR", customer });
    const post = (signature: string, topic = "orders/paid") =>
      fetch(shop, {
        method: "POST",
        headers: { "x-shopify-topic": topic, "x-shopify-hmac-sha256": signature },
        body,
      });
    const good = createHmac("sha256", "shop-secret").update(body).digest("base64");
    expect((await post("bad")).status).toBe(401);
    expect((await post(good, "orders/created")).status).toBe(200);
    expect((await post(good)).status).toBe(200);
    expect((await post(good)).status, "the same again").toBe(200);
    arrived[project] = { purchase: 2 };
    expected[project] = { visit: 1, identify: 1, purchase: 1 };
  });

  test.skipIf(!has("php", "--version"))("wordpress.md: the plugin's tag has the id of the signed-in user", async () => {
    const { project } = await newProject("wordpress");
    answers = { "/": page((await php(`edgepixel_tag('${server.url}', '${project}', 'wp-<42>')`)) as string) };
    const visitor = await visitorOf(browser, server);
    await visitor.page.goto(`${origin}/?btag=blog`);
    await eventually(() => types(visitor).sort()).toEqual(["identify", "visit"]);
    expect(byType(visitor, "identify")[0]?.fields).toMatchObject({ player_id: "wp-<42>" });
    await settled(visitor.page, project);
    expected[project] = { visit: 1, identify: 1 };
  });
});

const PLUGIN = join(GUIDES, "code/edgepixel.php");
/** The results of the plugin's functions that need no WordPress. */
async function php(expression: string): Promise<unknown> {
  const script = `require '${PLUGIN}'; echo json_encode(${expression});`;
  return JSON.parse((await run("php", ["-d", "error_reporting=-1", "-r", script])).stdout);
}

/** Runs a script in a page's scope. */
const inPage = (shown: Page, script: string) => shown.evaluate(script);

/** In strict TypeScript, with the types of Preact, which has React's interface. */
async function compile(files: string[]): Promise<void> {
  const preact = join(ROOT, "node_modules/preact");
  const config = {
    compilerOptions: {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      noEmit: true,
      skipLibCheck: true,
      target: "es2022",
      module: "esnext",
      moduleResolution: "bundler",
      lib: ["es2022", "dom", "dom.iterable"],
      types: [],
      jsx: "react-jsx",
      jsxImportSource: "preact",
      paths: { react: [`${preact}/compat`], "react-dom/client": [`${preact}/compat/client`] },
    },
    files,
  };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(ROOT, "node_modules/typescript/bin/tsc");
  const { stdout } = await run(process.execPath, [tsc, "-p", folder, "--pretty", "false"]).catch((error) => error);
  expect(stdout).toBe("");
}

async function bundle(entry: string): Promise<string> {
  await build({
    configFile: false,
    logLevel: "error",
    root: folder,
    oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
    resolve: { alias: { "react-dom/client": "preact/compat/client", react: "preact/compat" } },
    build: {
      outDir: join(folder, "out"),
      lib: { entry: join(folder, entry), formats: ["iife"], name: "app", fileName: () => "app.js" },
    },
  });
  return readFileSync(join(folder, "out/app.js"), "utf8");
}

/** Starts the webhook's server on a free port; returns its address. */
async function webhook(key: string): Promise<string> {
  const [probe, url] = await listen(() => undefined);
  await new Promise((closed) => probe.close(closed));
  const child = spawn(process.execPath, [join(GUIDES, "code/shop-webhook.mjs")], {
    env: {
      ...process.env,
      EDGEPIXEL_URL: server.url,
      EDGEPIXEL_KEY: key,
      SHOP_WEBHOOK_SECRET: "shop-secret",
      PORT: new URL(url).port,
    },
    stdio: "inherit",
  });
  started.push(child);
  await eventually(() =>
    fetch(url, { method: "POST" }).then(
      ({ status }) => status,
      () => 0,
    ),
  ).toBe(401);
  return url;
}

describe.skipIf(!browserPath)("at a path of the site", () => {
  /** A page whose tag is at /e/pixel.js. */
  async function visits(project: string): Promise<void> {
    const [tag = ""] = blocks("first-party.md", "html");
    answers = { "/": page(filled(tag, project)) };
    const context = await browser.newContext();
    const asked: string[] = [];
    const elsewhere: string[] = [];
    context.on("request", (request) => {
      const { origin: host, pathname } = new URL(request.url());
      if (host !== origin) elsewhere.push(request.url());
      if (!/\.js$|^\/$/.test(pathname)) asked.push(pathname);
    });
    const shown = await context.newPage();
    const taken = async (...paths: string[]) => {
      await eventually(() => asked).toEqual(paths);
      await settled(shown, project);
    };
    await shown.goto(`${origin}/?btag=own`);
    await taken("/e/happened");
    await shown.evaluate("document.cookie = 'session=secret'; pixel('registration'); pixel('level_up')");
    await taken("/e/happened", "/e/happened", "/e/happened");
    // A copy of the script at another place needs the path in its tag.
    const copied = await (await fetch(`${server.url}/pixel.js`)).text();
    const copy = `<script async src="/copies/pixel.js" data-project="${project}" data-host="${origin}/e/"></script>`;
    answers = { "/": page(copy), "/copies/pixel.js": copied };
    await shown.goto(origin);
    await taken("/e/happened", "/e/happened", "/e/happened", "/e/happened");
    expected[project] = { visit: 2, registration: 1, level_up: 1 };
    expect(elsewhere).toEqual([]);
    await context.close();
  }

  test("first-party.md: by a Worker, which forwards pixels and the visitor's address, and no cookies", async () => {
    const { project } = await newProject("route");
    const config = unstable_readConfig({ config: join(GUIDES, "code/first-party/wrangler.jsonc") });
    const [service] = config.services ?? [];
    expect(service?.service).toBe("edgepixel");
    const handed: { headers: Headers; cf: unknown }[] = [];
    const worker = new Miniflare(
      convertV4MiniflareOptions({
        modules: true,
        script: readFileSync(config.main as string, "utf8"),
        compatibilityDate: config.compatibility_date as string,
        cf: { country: "NZ" },
        serviceBindings: {
          [service?.binding as string]: async (request: globalThis.Request) => {
            handed.push({ headers: new Headers(request.headers), cf: (request as { cf?: unknown }).cf });
            const { pathname, search } = new URL(request.url);
            return fetch(server.url + pathname + search, { headers: { "user-agent": AGENT } }) as never;
          },
        },
      }),
    );
    try {
      const url = String(await worker.ready).replace(/\/$/, "");
      behind = (request, response) => void forward(request, response, url + request.url);
      await visits(project);
      expect(handed.length).toBeGreaterThan(2);
      expect(handed.filter(({ headers }) => headers.has("cookie"))).toEqual([]);
      expect(handed.filter(({ headers }) => !headers.has("cf-connecting-ip"))).toEqual([]);
      for (const { cf } of handed) expect(cf).toMatchObject({ country: "NZ" });
      for (const path of ["/e/api/v1/projects", "/e/", "/e/visit/more", "/visit"])
        expect((await fetch(url + path)).status).toBe(404);
    } finally {
      await worker.dispose();
    }
  });

  test.skipIf(!has("nginx", "-v"))("first-party.md: by nginx, where it is installed", async () => {
    const { project } = await newProject("nginx");
    const [probe, url] = await listen(() => undefined);
    await new Promise((closed) => probe.close(closed));
    const own = join(folder, "nginx");
    mkdirSync(own, { recursive: true });
    writeFileSync(
      join(own, "nginx.conf"),
      `daemon off; pid ${own}/pid; error_log stderr; events {}
      http { access_log off; client_body_temp_path ${own}/body; proxy_temp_path ${own}/proxy;
        fastcgi_temp_path ${own}/fastcgi; uwsgi_temp_path ${own}/uwsgi; scgi_temp_path ${own}/scgi;
        server { listen ${new URL(url).host}; location / { return 404; }
          ${filled(code("first-party/nginx.conf"), project).replaceAll("localhost", "127.0.0.1")} } }`,
    );
    const child = spawn("nginx", ["-p", own, "-c", join(own, "nginx.conf")], { stdio: "inherit" });
    started.push(child);
    behind = (request, response) => void forward(request, response, url + request.url);
    const status = (path: string) =>
      fetch(url + path).then(
        (answer) => answer.status,
        () => 0,
      );
    await eventually(() => status("/e/pixel.js")).toBe(200);
    await visits(project);
    expect(await status("/e/api/v1/projects")).toBe(404);
  });
});

describe("from a server", () => {
  /** A failing network: the first request is answered with 503, the answer to the second is lost. */
  async function unreliable(): Promise<[Site, string, string[]]> {
    const keys: string[] = [];
    let requests = 0;
    const [proxy, url] = await listen(async (request, response) => {
      keys.push(request.headers.authorization ?? "");
      if (++requests === 1) return void response.writeHead(503, { "retry-after": "0" }).end();
      if (requests !== 2) return forward(request, response, server.url + request.url);
      const answer = new Promise<void>((done) => {
        const nobody = { writeHead: () => ({ end: () => done() }) } as unknown as ServerResponse;
        void forward(request, nobody, server.url + request.url);
      });
      await answer;
      request.socket.destroy();
    });
    return [proxy, url, keys];
  }

  const PROGRAMS = [
    { name: "Python", program: "python3", question: "--version", args: [join(GUIDES, "code/server.py")] },
    { name: "Node", program: process.execPath, question: "--version", args: [join(GUIDES, "code/server.mjs")] },
    { name: "PHP", program: "php", question: "--version", args: [join(GUIDES, "code/server.php")] },
    { name: "Go", program: "go", question: "version", args: ["run", join(GUIDES, "code/server.go")] },
  ];

  test.concurrent.for(PROGRAMS)(
    "server-to-server.md: $name counts once despite network failures, and signs pixels",
    async ({ name, program, question, args }, { skip }) => {
      if (!has(program, question)) skip(`There is no ${program} here.`);
      const { project, key, secret } = await newProject(name.toLowerCase(), { require_signature: true });
      const [proxy, url, keys] = await unreliable();
      const env = {
        ...process.env,
        EDGEPIXEL_URL: url,
        EDGEPIXEL_PROJECT: project,
        EDGEPIXEL_KEY: key,
        EDGEPIXEL_PIXEL_SECRET: secret,
      };
      try {
        const { stdout } = await run(program, args, { env });
        expect(stdout.match(/accepted/g)).toHaveLength(2);
        // The registration three times, the deposit once.
        expect(keys).toEqual(Array(4).fill(`Bearer ${key}`));
        const address = stdout.trim().split("\n").at(-1) as string;
        expect(address).not.toContain(key);
        expect((await fetch(address)).headers.get("x-event-status")).toBe("accepted");
        const forged = await fetch(address.replace("25.00", "2500.00"));
        expect(forged.headers.get("x-event-error")).toBe("bad_signature sig");
        arrived[project] = { deposit: 2 };
        expected[project] = { registration: 1, deposit: 1 };
      } finally {
        proxy.closeAllConnections();
        proxy.close();
      }
    },
  );

  test.skipIf(!has("php", "--version"))("wordpress.md: the events that the plugin makes are accepted", async () => {
    const { project, key } = await newProject("wordpress");
    expect((await run("php", ["-l", PLUGIN])).stdout).toContain("No syntax errors");
    const now = Math.floor(Date.now() / 1000);
    const money = `edgepixel_money('order-9', 29.950000000000003, 'EUR')`;
    const events = (await php(`[
      edgepixel_event('registration', 'registration-42', edgepixel_player(42), ${now}),
      edgepixel_event('purchase', 'purchase-9', edgepixel_player(0, ' Anna@Example.com', 'salt'), ${now}, ${money}),
      edgepixel_event('purchase', 'purchase-9', edgepixel_player(0, 'anna@example.com', 'salt'), ${now}, ${money}),
      edgepixel_event('refund', 'refund-1', edgepixel_player(42), ${now}, edgepixel_money('refund-1', -5, 'EUR'))]`)) as {
      player_id: string;
    }[];
    expect(events[1]).toMatchObject({ amount: "29.9500", player_id: events[2]?.player_id });
    expect(await php("[edgepixel_player(0), edgepixel_settled(202), edgepixel_settled(400)]")).toEqual([
      null,
      true,
      true,
    ]);
    expect(await php("array_map('edgepixel_settled', [0, 401, 403, 429, 503])")).toEqual(Array(5).fill(false));
    const answer = await fetch(`${server.url}/api/v1/events`, {
      method: "POST",
      headers: { authorization: `Bearer ${key}` },
      body: JSON.stringify(events),
    });
    expect(await answer.json()).toMatchObject({ accepted: 4, rejected: 0 });
    expected[project] = { registration: 1, purchase: 1, refund: 1 };
  });
});

test("the figures have each guide's events, once", async () => {
  for (const [project, events] of Object.entries(arrived))
    for (const [type, number] of Object.entries(events))
      await eventually(() => inLog(project, type), project).toBe(number);
  // The figures count events in the log's order: when they have this one, they have all earlier ones.
  const { project } = await newProject("last");
  expect((await fetch(`${server.url}/visit?project_id=${project}&visitor_id=v&btag=t`)).status).toBe(200);
  await eventually(() => totals(project)).toEqual({ visit: 1 });
  expect(Object.keys(expected).length).toBeGreaterThan(0);
  for (const [own, events] of Object.entries(expected)) expect([own, await totals(own)]).toEqual([own, events]);
});
