/** The server and the browser of a test file, from before its first test until after its last. */
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { type Server, startServer } from "../server.ts";
import { launch } from "./harness.ts";

/**
 * Starts both, and passes them to `ready`, which does the rest of the set-up. Pages are closed after each test, unless
 * `keepPages`.
 */
export function serverAndBrowser(
  ready: (server: Server, browser: Browser) => unknown,
  { keepPages = false } = {},
): void {
  let server: Server | undefined;
  let browser: Browser | undefined;
  beforeAll(async () => {
    server = await startServer();
    browser = await launch();
    await ready(server, browser);
  });
  afterEach(async () => {
    if (!keepPages) for (const context of browser?.contexts() ?? []) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
}
