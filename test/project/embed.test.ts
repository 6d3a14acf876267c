/** Other sites may embed the page of a share link, and no other page. */
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { unstable_startWorker } from "wrangler";

const HEADERS = resolve(import.meta.dirname, "../../dashboard/public/_headers");
const folder = mkdtempSync(join(tmpdir(), "edgepixel-embed-"));
let server: Awaited<ReturnType<typeof unstable_startWorker>>;

beforeAll(async () => {
  const assets = join(folder, "assets");
  mkdirSync(assets);
  copyFileSync(HEADERS, join(assets, "_headers"));
  for (const page of ["index.html", "embed.html"]) writeFileSync(join(assets, page), "<!doctype html>");
  mkdirSync(join(assets, "embed"));
  writeFileSync(join(assets, "embed", "inside.html"), "<!doctype html>");
  const config = join(folder, "wrangler.json");
  writeFileSync(
    config,
    JSON.stringify({ name: "embed", compatibility_date: "2026-08-01", assets: { directory: assets } }),
  );
  server = await unstable_startWorker({ config, dev: { server: { port: 0 }, inspector: false, logLevel: "none" } });
});
afterAll(async () => {
  await server.dispose();
  rmSync(folder, { recursive: true });
});

const policyOf = async (path: string) => {
  const response = await server.fetch(`http://localhost${path}`);
  await response.arrayBuffer();
  expect([path, response.status]).toEqual([path, 200]);
  return response.headers.get("content-security-policy");
};

it("the content security policy of the page equals that of all others, except for frame-ancestors", async () => {
  const strict = await policyOf("/");
  expect(strict).toMatch(/; frame-ancestors 'none'$/);
  for (const path of ["/embed", "/embed/inside"])
    expect([path, await policyOf(path)]).toEqual([path, strict?.replace(/'none'$/, "*")]);
});
