/** A clone of the project, and `npm run deploy` in it. */
import { spawn } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { COMPILED } from "../../scripts/here.ts";

const ROOT = resolve(import.meta.dirname, "../..");

/** The files that a deployment reads. Packages and built files are those of this checkout. */
const COPIED = ["scripts", "worker", "pixel", "migrations", "package.json", "wrangler.toml", "tsconfig.base.json"];
const SHARED = ["node_modules", "dist"];

export function clone(folder: string): string {
  const copy = join(folder, "clone");
  mkdirSync(copy);
  for (const name of COPIED) cpSync(join(ROOT, name), join(copy, name), { recursive: true });
  for (const name of SHARED) symlinkSync(join(ROOT, name), join(copy, name));
  if (!existsSync(join(ROOT, "dist/index.html"))) throw new Error("Build the static files first: npm run build.");
  return copy;
}

/** Puts the shard `2` into a clone, with a queue: the commented examples of wrangler.toml. */
export function addShard(copy: string): void {
  const file = join(copy, "wrangler.toml");
  const parts = readFileSync(file, "utf8").split("\n\n");
  const examples = parts.filter((part) => /^# (?:binding|queue) = "(?:DB_2|EVENTS_2|edgepixel-2-events)"$/m.test(part));
  if (examples.length !== 3) throw new Error("wrangler.toml has no example of a shard and its queue.");
  const added = examples.map((part) => part.slice(part.indexOf("# [[")).replace(/^# /gm, ""));
  writeFileSync(file, `${parts.join("\n\n")}\n${added.join("\n\n")}\n`);
}

export type Ended = { code: number; output: string };

/** Runs it to its end, in an environment without other settings of Wrangler. */
export const deploy = (copy: string, environment: Record<string, string>, ...args: string[]): Promise<Ended> =>
  start(copy, environment, ["scripts/deploy.ts", ...args]);

export function start(copy: string, environment: Record<string, string>, args: readonly string[]): Promise<Ended> {
  const [home, scratch] = [join(copy, "../home"), join(copy, "../tmp")];
  for (const folder of [home, scratch]) mkdirSync(folder, { recursive: true });
  const child = spawn(process.execPath, args, {
    cwd: copy,
    env: {
      PATH: process.env.PATH ?? "",
      TMPDIR: scratch,
      HOME: home,
      NODE_COMPILE_CACHE: COMPILED,
      EDGEPIXEL_PREBUILT: "1",
      WRANGLER_SEND_METRICS: "false",
      ...environment,
    },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  const { promise, resolve: end } = Promise.withResolvers<Ended>();
  child.once("close", (code) => end({ code: code ?? 1, output }));
  return promise;
}
