/**
 * `npm run screenshots`: pictures of the dashboard and the demo site into docs/pictures/, taken of a running instance.
 * `--url` names it; the key is found as an import's.
 */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import type { Page } from "playwright-core";
import { VIEWS } from "../dashboard/views.ts";
import { launch } from "../test/browser/harness.ts";
import { readCommand, URL_OPTION } from "./command.ts";
import { instanceAt } from "./instance.ts";

const { values } = readCommand({
  name: "npm run screenshots",
  help: "Takes pictures of the dashboard and the demo site of a running instance into docs/pictures/.",
  options: URL_OPTION,
});
process.chdir(resolve(import.meta.dirname, ".."));
const { url, key } = instanceAt(values.url);

const FOLDER = "docs/pictures";
const SIZES = { wide: { width: 1440, height: 900 }, phone: { width: 390, height: 844 } };
/** Pixels of a long page that are shown. */
const TALLEST = 1_500;
/** Pages by name, with their path behind the instance's address: every view, and the demo site. */
const PAGES = {
  ...Object.fromEntries(Object.keys(VIEWS).map((view) => [view, `/?view=${view}&period=28d`])),
  demo: "/demo/?btag=summer",
};

/** Whether a view has its panels; the demo site has none. */
const SHOWN = "location.pathname !== '/' || document.querySelector('[aria-busy]') !== null";
/** Whether every panel that is seen has its answer, on a machine however busy. */
const ANSWERED =
  "[...document.querySelectorAll('[aria-busy=true]')].every((panel) => panel.getBoundingClientRect().top > innerHeight)";

/** By questions, since the pages' policy forbids scripts to wait by themselves. */
async function until(page: Page, holds: string): Promise<void> {
  for (let tries = 0; tries < 150; tries++) {
    if (await page.evaluate<boolean>(holds)) return;
    await page.waitForTimeout(200);
  }
  throw new Error(`${page.url()} does not come to rest: ${holds}`);
}

mkdirSync(FOLDER, { recursive: true });
const browser = await launch();
for (const [size, viewport] of Object.entries(SIZES)) {
  for (const colorScheme of ["light", "dark"] as const) {
    const context = await browser.newContext({ viewport, colorScheme, reducedMotion: "reduce" });
    await context.request.post(`${url}/api/v1/session`, { data: { key } });
    const page = await context.newPage();
    for (const [name, path] of Object.entries(PAGES)) {
      await page.goto(url + path);
      await until(page, SHOWN);
      // The page has settled when nothing has been asked of the server for a while; a live one never is silent for good.
      await page.waitForTimeout(1_500);
      const height = Math.min(TALLEST, await page.evaluate(() => document.documentElement.scrollHeight));
      // As high as what is shown, so that what keeps to the window's edge does so at the picture's.
      await page.setViewportSize({ ...viewport, height: Math.max(height, viewport.height) });
      await until(page, ANSWERED);
      await page.waitForTimeout(600);
      await page.screenshot({ path: `${FOLDER}/${name}-${size}-${colorScheme}.png` });
      await page.setViewportSize(viewport);
      console.log(`${FOLDER}/${name}-${size}-${colorScheme}.png`);
    }
    await context.close();
  }
}
await browser.close();
