/** Sends requests to an instance, and again where it cannot be reached, breaks off, is busy or fails for a while. */
import { parseRetryAfter } from "../pixel/client/answer.ts";
import type { Instance } from "./instance.ts";

const FIRST_MS = 1_000;
const LONGEST_MS = 30_000;

export type Answer = { status: number; bytes: Buffer };

/** The answer to a request below `/api/v1/`. Where all tries fail, it is the answer of the last one. */
export async function ask(
  { url, key }: Instance,
  method: "GET" | "POST",
  path: string,
  tries: number,
): Promise<Answer> {
  for (let attempt = 1; ; attempt++) {
    let pause = 0;
    try {
      const answer = await fetch(new URL(`/api/v1/${path}`, url), {
        method,
        headers: { authorization: `Bearer ${key}` },
      });
      const { status } = answer;
      const bytes = Buffer.from(await answer.arrayBuffer());
      if (attempt === tries || (status < 500 && status !== 429)) return { status, bytes };
      pause = parseRetryAfter(answer.headers.get("retry-after"), Date.now());
    } catch (error) {
      if (attempt === tries) throw new Error(`${url} cannot be reached: ${error}`);
    }
    const wait = Math.min(LONGEST_MS, FIRST_MS * 2 ** (attempt - 1));
    await new Promise((done) => setTimeout(done, Math.max(wait, pause)));
  }
}

/** Why a request was refused, in the words of the problem document where there is one. */
export function refusal({ status, bytes }: Answer): string {
  try {
    return `${JSON.parse(bytes.toString()).detail} (${status})`;
  } catch {
    return `status ${status}`;
  }
}
