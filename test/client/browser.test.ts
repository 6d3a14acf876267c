/** In Chromium: events that are tracked at the page's last moment arrive. Skipped without Chromium. */
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import type { Browser } from "playwright-core";
import { transformWithOxc } from "vite";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { browserPath, launch, openPage } from "../browser/harness.ts";

const PIXEL = resolve(import.meta.dirname, "../../pixel");
const PAGE = `<!doctype html><title>page</title><script type="module">
  import { createClient } from "/client.ts";
  window.client = createClient({ url: location.origin, key: "k", flushInterval: 3600000 });
  document.title = "ready";
</script>`;

describe.skipIf(!browserPath)("in a browser", () => {
  const received: { event_id: string; n: number }[] = [];
  let server: Server;
  let browser: Browser;
  let url: string;

  beforeAll(async () => {
    server = createServer(async (request, response) => {
      const path = request.url ?? "/";
      if (request.method === "POST") {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const { events } = JSON.parse(Buffer.concat(chunks).toString());
        received.push(...events);
        const results = events.map(({ event_id }: { event_id: string }, index: number) => ({
          index,
          status: "accepted",
          event_id,
        }));
        response.writeHead(202, { "content-type": "application/json" }).end(JSON.stringify({ results }));
      } else if (path.endsWith(".ts")) {
        const { code } = await transformWithOxc(readFileSync(PIXEL + path, "utf8"), path);
        response.writeHead(200, { "content-type": "text/javascript" }).end(code);
      } else response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
    });
    await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    browser = await launch();
  });
  afterAll(async () => {
    await browser?.close();
    server?.closeAllConnections();
    server?.close();
  });

  it.each([
    ["leaves for another", (page: { goto(url: string): Promise<unknown> }) => page.goto("about:blank")],
    ["closes", (page: { close(options: object): Promise<unknown> }) => page.close({ runBeforeUnload: true })],
  ])("sends the last events when the page %s", async (_, leave) => {
    received.length = 0;
    const page = await openPage(browser, url);
    await page.waitForFunction(() => document.title === "ready");
    await page.evaluate(() => {
      const { client } = window as unknown as { client: { track(event: object): string } };
      for (let n = 0; n < 20; n++) client.track({ event_type: "spin", player_id: "p", n });
    });
    expect(received).toEqual([]);
    await leave(page);
    await vi.waitFor(() => expect(received.map(({ n }) => n)).toEqual(Array.from({ length: 20 }, (_, n) => n)), {
      timeout: 200_000,
    });
    expect(new Set(received.map(({ event_id }) => event_id)).size).toBe(20);
  });
});
