/**
 * Runs a command, and ends with it. It also ends its whole process group when the process that started it has ended in any
 * way: the pipe to standard input closes then. Without this, wrangler and workerd outlive a parent that was killed, keep the
 * port, and answer nothing.
 */
import { spawn } from "node:child_process";

const child = spawn(process.execPath, process.argv.slice(2), { stdio: ["ignore", "inherit", "inherit"] });
child.on("exit", (code, signal) => process.exit(code ?? (signal ? 1 : 0)));
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => child.kill(signal));

process.stdin.resume().on("end", () => process.kill(process.platform === "win32" ? process.pid : 0, "SIGKILL"));
