/**
 * `npm run screenshots`: saves pictures of the dashboard and the demo site of a running instance in docs/pictures/.
 * `--url` names the instance; the key is found in the same places as for an import.
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
/** The greatest height of a picture, in pixels: longer pages are cut. */
const TALLEST = 1_500;
/** Every view and the demo site, by name, with the path at the instance's address. */
const PAGES = {
  ...Object.fromEntries(Object.keys(VIEWS).map((view) => [view, `/?view=${view}&period=28d`])),
  demo: "/demo/?btag=summer",
};

/** Whether a view has its panels. The demo site has none. */
const SHOWN = "location.pathname !== '/' || document.querySelector('[aria-busy]') !== null";
/** Whether every visible panel has its answer, which may take long on a busy machine. */
const ANSWERED =
  "[...document.querySelectorAll('[aria-busy=true]')].every((panel) => panel.getBoundingClientRect().top > innerHeight)";

/** Evaluates `holds` again and again, since the policy of the pages forbids scripts that wait by themselves. */
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
      // A page is complete when it has sent no request for a while. A live page sends requests again and again.
      await page.waitForTimeout(1_500);
      const height = Math.min(TALLEST, await page.evaluate(() => document.documentElement.scrollHeight));
      // As high as the content, so that elements at the window's edge are at the edge of the picture.
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
