/** Wrangler as a child process. It makes all changes in the account. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { COMPILED } from "../here.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const WRANGLER = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** The message has the output from the first error on; before it, Wrangler lists everything that succeeded. */
export class CommandFailed extends Error {
  constructor(command: string, output: string) {
    const plain = stripVTControlCharacters(output);
    super(`${command} failed:\n${plain.slice(Math.max(0, plain.indexOf("✘ [ERROR]"))).trim()}`);
  }
}

/** Runs a script of Node in the project's folder, without questions, and returns its output. */
export function run(title: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const ended = Promise.withResolvers<string>();
  const child = spawn(process.execPath, args, {
    cwd: ROOT,
    env: {
      NODE_COMPILE_CACHE: COMPILED,
      ...process.env,
      WRANGLER_SEND_METRICS: "false",
      WRANGLER_HIDE_BANNER: "true",
      FORCE_COLOR: "0",
      // The configuration is written for one environment, so Wrangler must not select another.
      CLOUDFLARE_ENV: undefined,
      ...environment,
    },
    // Without standard input nobody can answer questions: Wrangler then uses its answers for such runs.
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [printed, output] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    printed += text;
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.once("error", ended.reject);
  child.once("close", (code) => (code === 0 ? ended.resolve(printed) : ended.reject(new CommandFailed(title, output))));
  return ended.promise;
}

export const wrangler = (args: readonly string[], environment?: NodeJS.ProcessEnv): Promise<string> =>
  run(`wrangler ${args.slice(0, 3).join(" ")}`, [WRANGLER, ...args], environment);
