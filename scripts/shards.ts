/** The databases of an instance, for commands that do their work for each of them. */
import type { Health } from "../worker/reports/health.ts";
import { MAIN } from "../worker/store/shards.ts";
import type { Instance } from "./instance.ts";

const PAUSE_MS = 2_000;

/** The names of all databases, `main` first, as /health lists them; it also does where one of them fails. */
export async function shardsAt({ url }: Instance, tries: number): Promise<string[]> {
  for (let attempt = 1; ; attempt++) {
    try {
      const answer = await fetch(`${url}/health`);
      const health = (await answer.json()) as Partial<Health>;
      if (!health.dependencies) throw new Error(`${url}/health answered ${answer.status}, not as Edgepixel does.`);
      return [MAIN, ...Object.keys(health.shards ?? {})];
    } catch (error) {
      if (attempt === tries) throw new Error(`${url} cannot be asked which databases it has: ${error}`);
    }
    await new Promise((done) => setTimeout(done, PAUSE_MS));
  }
}
