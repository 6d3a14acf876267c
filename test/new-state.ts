/** The local state of a new instance. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { migrationsInto } from "../scripts/start/migrations.ts";

const ROOT = resolve(import.meta.dirname, "..");

/** A migrated database without data, made once for each set of migrations: making it takes longer than starting. */
export function emptyState(): string {
  const names = readdirSync(join(ROOT, "migrations")).sort();
  const hash = createHash("sha256");
  for (const name of names) hash.update(name).update(readFileSync(join(ROOT, "migrations", name)));
  const made = join(ROOT, "node_modules/.cache/edgepixel", `state-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(made)) return made;
  mkdirSync(dirname(made), { recursive: true });
  const making = mkdtempSync(`${made}-`);
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    ["node_modules/wrangler/bin/wrangler.js", ...migrationsInto(making)],
    { cwd: ROOT, encoding: "utf8", env: { ...process.env, CI: "true", WRANGLER_SEND_METRICS: "false" } },
  );
  if (status !== 0) throw new Error(`The database could not be migrated:\n${stdout}${stderr}`);
  try {
    renameSync(making, made);
  } catch (error) {
    // Another run has made it meanwhile.
    if (!existsSync(made)) throw error;
    rmSync(making, { recursive: true });
  }
  return made;
}

export function newState(): string {
  const folder = mkdtempSync(join(tmpdir(), "edgepixel-browser-"));
  cpSync(emptyState(), folder, { recursive: true });
  return folder;
}
