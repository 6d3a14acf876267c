/** The processes of this machine that `npm start` needs to know. */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

type Process = { pid: number; parent: number; group: number; name: string };

/** Read from the files in /proc on Linux, since small images have no `ps`. */
function fromFiles(): Process[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        // pid (name) state parent group …: the name may contain any character, so it is read up to the last bracket.
        const [, name = "", rest = ""] = /\((.*)\) (.*)/s.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
        const [, parent, group] = rest.split(" ");
        return [{ pid: Number(pid), parent: Number(parent), group: Number(group), name }];
      } catch {
        // The process ended meanwhile.
        return [];
      }
    });
}

function fromPs(): Process[] {
  const lines = execFileSync("ps", ["-A", "-o", "pid=,ppid=,pgid=,comm="], { encoding: "utf8" }).split("\n");
  return lines.flatMap((line) => {
    const [, pid, parent, group, name = ""] = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), parent: Number(parent), group: Number(group), name }];
  });
}

export const processes = (): Process[] =>
  process.platform === "linux" ? fromFiles() : process.platform === "win32" ? [] : fromPs();

/** The ids of the workerd processes of a process group. Empty on Windows, which has no groups. */
export const runtimesOf = (group: number): number[] =>
  processes()
    .filter((one) => one.group === group && /workerd$/.test(one.name))
    .map(({ pid }) => pid);

/** Whether a process runs. */
export function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Our parent, and its parent where npm started us through a shell. When one of them has ended, nobody waits for us. */
export function callers(): number[] {
  const shell =
    process.env.npm_lifecycle_event === undefined ? undefined : processes().find(({ pid }) => pid === process.ppid);
  return [process.ppid, ...(shell && /^(?:ba|da|z)?sh$/.test(shell.name) ? [shell.parent] : [])];
}
