/** Existing local data is found: an older wrangler.toml named the database by an id, the present one names its local file. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");
const folder = mkdtempSync(join(tmpdir(), "edgepixel-local-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function execute(config: string, command: string): string {
  const wrangler = join(ROOT, "node_modules/wrangler/bin/wrangler.js");
  const where = ["--local", "--persist-to", join(folder, "state"), "--config", config];
  return execFileSync(process.execPath, [wrangler, "d1", "execute", "DB", ...where, "--json", "--command", command], {
    cwd: folder,
    encoding: "utf8",
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CI: "1" },
  });
}

it("is found in the local state that an older wrangler.toml created", () => {
  const now = readFileSync(join(ROOT, "wrangler.toml"), "utf8");
  const before = now.replace('preview_database_id = "edgepixel"', 'database_id = "edgepixel"');
  expect(before).not.toBe(now);
  const older = join(folder, "wrangler.toml");
  writeFileSync(older, before);
  execute(older, "CREATE TABLE kept (text TEXT)");
  execute(older, "INSERT INTO kept VALUES ('of before')");
  expect(execute(join(ROOT, "wrangler.toml"), "SELECT text FROM kept")).toContain("of before");
});
