/**
 * The local server: `wrangler dev` in a separate process group. It is started again on the same data when it ends, or
 * when one of its workerd processes ends and it no longer answers. After a second failure within seconds it stays ended.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { resolve } from "node:path";
import { runs, runtimesOf } from "./processes.ts";

/** How often the processes are checked. */
const LOOK_MS = 500;
/** A server that has lost a process must answer within this time, or is started again: wrangler replaces some processes itself. */
const ANSWER_MS = 3_000;
/** The longest time from the command to the first answer, for a busy machine. */
const START_MS = 300_000;
/** If the server fails within this time, another start would not help. */
const SOON_MS = 15_000;
/** How long a process may take to end after the signal. */
const END_MS = 5_000;

export type Server = {
  url: string;
  /** Resolves when the server answers. */
  ready: Promise<void>;
  /** Resolves with the exit status when the server has ended for good. */
  ended: Promise<number>;
  stop(): Promise<void>;
};

export function serve(wrangler: readonly string[], env: NodeJS.ProcessEnv, url: string): Server {
  const ready = Promise.withResolvers<void>();
  const ended = Promise.withResolvers<number>();
  let stopping = false;
  let current: ChildProcess | undefined;

  async function run(): Promise<number> {
    for (let start = 1; ; start++) {
      const child = launch(wrangler, env);
      current = child;
      const answers = await firstAnswer(child, url);
      const since = Date.now();
      if (stopping) return 0;
      if (answers) {
        if (start === 1) ready.resolve();
        else console.log(`\nEdgepixel is running again at ${url}, on the same data.\n`);
        const reason = await failureOf(child, url, () => stopping);
        if (stopping) return 0;
        console.error(`\nThe server has failed: ${reason}.`);
        await end(child, "SIGKILL");
        if (start === 1 || Date.now() - since > SOON_MS) {
          console.error("Starting it again, on the same data. What was stored is safe …");
          continue;
        }
        console.error("It failed again within seconds, so it is not started once more. The messages above say why.");
        return 1;
      }
      await end(child, "SIGKILL");
      if (stopping) return 0;
      console.error(`The server did not start: ${url}/health gave no answer. The messages above say why.`);
      return 1;
    }
  }
  void run().then(ended.resolve, ended.reject);

  return {
    url,
    ready: ready.promise,
    ended: ended.promise,
    async stop() {
      stopping = true;
      if (current) await end(current, "SIGTERM");
    },
  };
}

function launch(wrangler: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  const leash = resolve(import.meta.dirname, "leash.ts");
  return spawn(process.execPath, [leash, ...wrangler], { env, stdio: ["pipe", "inherit", "inherit"], detached: true });
}

/** Whether it answers before it ends or the time is over. */
async function firstAnswer(child: ChildProcess, url: string): Promise<boolean> {
  const until = Date.now() + START_MS;
  while (Date.now() < until && isRunning(child)) {
    if (await answers(url, ANSWER_MS)) return isRunning(child);
    await sleep(100);
  }
  return false;
}

/** Any answer counts, also one that reports failing parts. */
async function answers(url: string, ms: number): Promise<boolean> {
  const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(ms) }).catch(() => null);
  await answer?.body?.cancel().catch(() => undefined);
  return answer !== null;
}

/** Waits until the server fails, and returns the reason. */
async function failureOf(child: ChildProcess, url: string, stopping: () => boolean): Promise<string> {
  let known = runtimesOf(child.pid ?? 0);
  for (;;) {
    if (stopping()) return "it was asked to";
    if (!isRunning(child))
      return child.signalCode ? `it was ended by ${child.signalCode}` : `it ended with status ${child.exitCode}`;
    const lost = known.find((pid) => !runs(pid));
    if (lost !== undefined && !(await answers(url, ANSWER_MS))) return `its process workerd (${lost}) has ended`;
    known = runtimesOf(child.pid ?? 0);
    await sleep(LOOK_MS);
  }
}

const isRunning = ({ exitCode, signalCode }: ChildProcess) => exitCode === null && signalCode === null;

/** Ends the whole group: the leash, wrangler, and the processes of wrangler. */
async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  send(child, signal);
  const until = Date.now() + END_MS;
  while (isRunning(child) && Date.now() < until) await sleep(50);
  // Ends processes of the group that have not ended.
  send(child, "SIGKILL");
}

function send(child: ChildProcess, signal: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    if (process.platform === "win32") child.kill(signal);
    else process.kill(-child.pid, signal);
  } catch {
    // It has ended already.
  }
}

const sleep = (ms: number) => new Promise((done) => setTimeout(done, ms));
