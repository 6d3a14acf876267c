/** Wrangler as a child process: whatever is made or changed in the account, it does. */
import { spawn } from "node:child_process";
import { resolve } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { COMPILED } from "../here.ts";

const ROOT = resolve(import.meta.dirname, "../..");
const WRANGLER = resolve(ROOT, "node_modules/wrangler/bin/wrangler.js");

/** Its message has what was printed from the first error on: before that, Wrangler lists all that went well. */
export class CommandFailed extends Error {
  constructor(command: string, output: string) {
    const plain = stripVTControlCharacters(output);
    super(`${command} failed:\n${plain.slice(Math.max(0, plain.indexOf("✘ [ERROR]"))).trim()}`);
  }
}

/** Runs a script of Node in the project's folder, without questions, and gives what it printed. */
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
      // What it deploys is written out for one environment, and has no others to choose from.
      CLOUDFLARE_ENV: undefined,
      ...environment,
    },
    // Nobody can answer a question: Wrangler then takes its answers for machines.
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
