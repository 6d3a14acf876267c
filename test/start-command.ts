/** `npm start` as on a command line: its script, the `wrangler dev` that it starts, and its output. */
import { type ChildProcess, spawn } from "node:child_process";
import { connect, createServer } from "node:net";
import { resolve } from "node:path";
import { newState } from "./new-state.ts";
import { adminToken, buildFiles, type Server, within } from "./server.ts";

const ROOT = resolve(import.meta.dirname, "..");
/** A busy machine takes its time: this only ends what hangs. */
const START_TIMEOUT_MS = 600_000;
const STOP_TIMEOUT_MS = 10_000;
const MOST_STARTS = 5;

export type Started = Server & {
  /** The process of `scripts/start.ts`. */
  process: ChildProcess;
  /** The end of what it printed, 20,000 characters at most. */
  output(): string;
};

/** `root` is a clone whose files are used, `persistTo` the data of an earlier start. */
type Starting = { root?: string; persistTo?: string };

/** Starts on a free port with a new database; runs until `stop`. */
export async function startCommand(options: Starting = {}): Promise<Started> {
  for (let left = MOST_STARTS; ; left--) {
    try {
      return await start(options);
    } catch (error) {
      // Between choosing a free port and listening on it, wrangler takes seconds, in which another process may get it.
      if (left <= 1 || !String(error).includes("Address already in use")) throw error;
    }
  }
}

async function start({ root = ROOT, persistTo = newState() }: Starting): Promise<Started> {
  buildFiles();
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ["scripts/start.ts", "--port", String(port), "--persist-to", persistTo, "--no-build"],
    // A separate process group, so that stopping also ends the processes that wrangler started.
    { cwd: root, detached: true, stdio: ["ignore", "pipe", "pipe"] },
  );
  running.add(child);

  let output = "";
  /** The line of an invocation that asked for more than its plan allows. */
  let overrun: string | undefined;
  const up = Promise.withResolvers<void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-20_000);
      overrun ??= /^.*"message":"budget spent".*$/m.exec(output)?.[0];
      if (output.includes("Edgepixel is running")) up.resolve();
    });
  }
  child.once("exit", (code) => up.reject(new Error(`The server ended with ${code}:\n${output}`)));
  const timer = setTimeout(() => up.reject(new Error(`The server did not start:\n${output}`)), START_TIMEOUT_MS);
  try {
    await up.promise;
  } catch (error) {
    await end(child, port);
    throw error;
  } finally {
    clearTimeout(timer);
  }

  const url = `http://localhost:${port}`;
  const stop = async () => {
    await end(child, port);
    if (overrun) throw new Error(`An invocation asked for more than its plan allows: ${overrun}`);
  };
  const runCron = async () => {
    const { status } = await fetch(`${url}/cdn-cgi/handler/scheduled`);
    if (status !== 200) throw new Error(`Cron was answered ${status}.`);
  };
  return { url, token: adminToken(root), port, persistTo, runCron, process: child, output: () => output, stop };
}

const running = new Set<ChildProcess>();
// An interrupted test run leaves no server behind.
process.on("exit", () => {
  for (const child of running) signal(child, "SIGKILL");
});

async function end(child: ChildProcess, port: number): Promise<void> {
  if (!running.has(child)) return;
  signal(child, "SIGTERM");
  if (!(await within(STOP_TIMEOUT_MS, () => gone(child, port)))) {
    signal(child, "SIGKILL");
    await within(STOP_TIMEOUT_MS, () => gone(child, port));
  }
  // Processes of the group that outlived its leader.
  signal(child, "SIGKILL");
  running.delete(child);
}

async function gone(child: ChildProcess, port: number): Promise<boolean> {
  return (child.exitCode !== null || child.signalCode !== null) && !(await answers(port));
}

function signal(child: ChildProcess, name: NodeJS.Signals): void {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, name);
  } catch {
    // The group has ended already.
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ port, host: "localhost" });
    const finish = (open: boolean) => {
      socket.destroy();
      done(open);
    };
    socket.once("connect", () => finish(true)).once("error", () => finish(false));
  });
}

async function freePort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer().once("error", fail);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() => (typeof address === "object" && address ? done(address.port) : fail(new Error("no port"))));
    });
  });
}
