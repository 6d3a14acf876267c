/**
 * A browser without automation: Chromium prerenders pages and keeps them for the back button only for people, and not
 * while a tool is attached. The pages' scripts act in place of a visitor.
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

type Kind = { name: string; path: string; options(profile: string): string[] };

const AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36";
const chromium = (profile: string) => [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  // The shell shows a page only with a debugging port.
  "--remote-debugging-port=0",
  `--user-agent=${AGENT}`,
  `--user-data-dir=${profile}`,
];
const firefox = (profile: string) => {
  // Only requests of the page itself.
  const quiet = {
    "app.update.enabled": false,
    "browser.shell.checkDefaultBrowser": false,
    "datareporting.policy.dataSubmissionEnabled": false,
    "network.captive-portal-service.enabled": false,
    "network.connectivity-service.enabled": false,
    "services.settings.server": "",
    "toolkit.telemetry.enabled": false,
  };
  const lines = Object.entries(quiet).map(([name, value]) => `user_pref("${name}", ${JSON.stringify(value)});`);
  writeFileSync(join(profile, "user.js"), lines.join("\n"));
  return ["--headless", "--no-remote", "--profile", profile];
};

const KINDS: readonly Kind[] = [
  { name: "Chromium", path: "/usr/bin/chromium", options: chromium },
  { name: "Chromium's shell", path: "/usr/bin/chromium-headless-shell", options: chromium },
  { name: "Firefox", path: "/usr/bin/firefox-esr", options: firefox },
];

/** Those of the named browsers that are installed here. */
export const installed = (...names: string[]): Kind[] =>
  KINDS.filter(({ name, path }) => names.includes(name) && existsSync(path));

const running = new Set<() => void>();
process.on("exit", () => {
  for (const end of running) end();
});

/** Opens a page in a browser with a new profile; the returned function closes it. */
export function openAlone({ path, options }: Kind, url: string): () => Promise<void> {
  const profile = mkdtempSync(join(tmpdir(), "edgepixel-alone-"));
  // A separate process group, so that ending it also ends the browser's child processes.
  const child = spawn(path, [...options(profile), url], { detached: true, stdio: "ignore" });
  const ended = new Promise((done) => child.once("exit", done).once("error", done));
  const kill = () => {
    running.delete(kill);
    try {
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    } catch {
      // It has ended already.
    }
  };
  running.add(kill);
  return async () => {
    kill();
    await ended;
    rmSync(profile, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  };
}
