/** Whether what was deployed works, asked from outside as anybody would. */
import { VERSION } from "../../worker/version.ts";
import { pendingIn } from "./migrations.ts";
import type { Step } from "./work.ts";

/** A new address needs its certificate and its way through the network. */
const PATIENCE_MS = 180_000;
const PAUSE_MS = 2_000;

/** A test: it is answered like any other and counted nowhere. */
const PIXEL = "/visit?project_id=default&player_id=deploy&btag=deploy&test=1";

async function ask(address: string): Promise<{ status: number; text: string }> {
  const answer = await fetch(address, { signal: AbortSignal.timeout(30_000), cache: "no-store" });
  return { status: answer.status, text: await answer.text() };
}

/** What is wrong; null where all is well. */
async function wrongAt(url: string): Promise<string | null> {
  try {
    const health = await ask(`${url}/health`);
    if (health.status !== 200) return `/health answered ${health.status}: ${health.text.slice(0, 1_000)}`;
    // The version before may answer for some seconds.
    const { version, migration } = JSON.parse(health.text) as { version?: string; migration?: string };
    const newest = pendingIn([]).at(-1);
    if (version !== VERSION || migration !== newest)
      return `/health is that of ${version} with the migration ${migration}, not of ${VERSION} with ${newest}`;
    const pixel = await ask(url + PIXEL);
    if (pixel.status !== 200) return `a pixel was answered ${pixel.status}: ${pixel.text.slice(0, 1_000)}`;
    const page = await ask(`${url}/`);
    return page.status === 200 ? null : `the dashboard answered ${page.status}`;
  } catch (error) {
    const { message, cause } = error as Error;
    return `${message}${cause instanceof Error ? `: ${cause.message}` : ""}`;
  }
}

export const askStep: Step = {
  name: "does it work?",
  would: () => "ask the deployed instance for /health, a pixel that counts nowhere, and the dashboard",
  async run({ url }) {
    if (url === null) return "cannot be asked: Wrangler named no address";
    const until = Date.now() + PATIENCE_MS;
    for (;;) {
      const wrong = await wrongAt(url);
      if (wrong === null) return `${url} is well`;
      if (Date.now() >= until)
        throw new Error(
          `${url} is deployed and does not answer well: ${wrong}\nA new domain may need some minutes. Otherwise \`npm run wrangler -- tail\` shows what goes wrong, and \`npm run wrangler -- rollback\` brings the version before back.`,
        );
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
  },
};
