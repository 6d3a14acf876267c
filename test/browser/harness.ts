/** A real browser, for the tests that use Edgepixel as a person does. */
import { existsSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import {
  type APIResponse,
  type Browser,
  type BrowserContext,
  chromium,
  type Locator,
  type Page,
  type Route,
} from "playwright-core";
import type { Server } from "../server.ts";

/** Generous for busy machines: it only ends tests that hang. */
const PATIENCE_MS = 120_000;

/**
 * Chromium's path, undefined where there is none: the tests are then skipped. The shell is the same browser without
 * windows, and takes a quarter less of the processor's time.
 */
export const browserPath: string | undefined = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium-headless-shell",
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path && existsSync(path));

export async function launch(): Promise<Browser> {
  if (!browserPath) throw new Error("There is no Chromium here; set CHROMIUM_PATH.");
  const browser = await chromium.launch({
    executablePath: browserPath,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
      // Drawing animations without a graphics card takes a whole core.
      "--force-prefers-reduced-motion",
      // A headless browser's user agent says so, and would be recognised as a bot.
      "--user-agent=Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36",
    ],
  });
  const newContext = browser.newContext.bind(browser);
  browser.newContext = async (options) => {
    const context = await newContext(options);
    context.setDefaultTimeout(PATIENCE_MS);
    return context;
  };
  return browser;
}

/** A page in a new context: without storage or cookies of another. */
export async function openPage(browser: Browser, url: string): Promise<Page> {
  const page = await (await browser.newContext()).newPage();
  await page.goto(url);
  return page;
}

type SignedIn = NonNullable<Parameters<Browser["newContext"]>[0]> & { key?: string };

/** A page signed in with a key, by default the administrator's; no address is open yet. */
export async function signIn(
  browser: Browser,
  { url, token }: Server,
  { key = token, ...options }: SignedIn = {},
): Promise<Page> {
  const page = await (await browser.newContext(options)).newPage();
  const answer = await page.request.post(`${url}/api/v1/session`, { data: { key } });
  if (answer.status() !== 200) throw new Error(`The key was answered with ${answer.status()}.`);
  return page;
}

/** The same, at an address of the dashboard. */
export async function signInAt(browser: Browser, server: Server, path: string, options?: SignedIn): Promise<Page> {
  const page = await signIn(browser, server, options);
  await page.goto(`${server.url}${path}`);
  return page;
}

export const press = (page: Page, name: string | RegExp): Promise<void> =>
  page.getByRole("button", { name }).first().click();
export const inDialog = (page: Page): Locator => page.getByRole("dialog");

/** A receiver of HTTP requests, with the answers that it gives. */
export async function startReceiver(
  answers: (request: { url: string; body: string }) => { status: number; text: string },
): Promise<{ url: string; stop: () => void }> {
  const receiver = createHttpServer(async (request, response) => {
    let body = "";
    for await (const part of request) body += part;
    const { status, text } = answers({ url: request.url ?? "", body });
    response.writeHead(status).end(text);
  });
  await new Promise<void>((listening) => receiver.listen(0, "127.0.0.1", listening));
  const { port } = receiver.address() as AddressInfo;
  const stop = () => {
    receiver.closeAllConnections();
    receiver.close();
  };
  return { url: `http://127.0.0.1:${port}`, stop };
}

type Answer = NonNullable<Parameters<Route["fulfill"]>[0]>;

/** Lets requests through and changes their answers. Requests in progress when the page closes end with it. */
export async function changeAnswers(
  page: Page | BrowserContext,
  url: string | RegExp,
  change: (response: APIResponse) => Answer,
): Promise<void> {
  await page.route(url, async (route) => {
    try {
      const response = await route.fetch();
      await route.fulfill({ response, ...change(response) });
    } catch (error) {
      if (!/disposed|closed/.test(String(error))) throw error;
    }
  });
}

/**
 * Handles the first matching request, and lets the others through. The route stays: when one is removed, as with
 * Playwright's `times`, a request at that moment may hang for ever.
 */
export async function handleFirst(
  page: Page | BrowserContext,
  url: string,
  handle: (route: Route) => Promise<unknown>,
): Promise<void> {
  let first = true;
  await page.route(url, async (route) => {
    if (!first) return route.fallback();
    first = false;
    await handle(route);
  });
}
