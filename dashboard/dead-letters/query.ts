/** Requests of the list of dead letters, and actions on many of them in turn. */
import { say } from "../act/said.tsx";
import type { Address } from "../address.ts";
import { refreshAnswers } from "../answers.ts";
import { ApiError, client, read } from "../api.ts";
import { stateText } from "../format.ts";
import { given, query } from "../reports.ts";
import { words } from "../words.ts";

export const STATUSES = {
  waiting: words.deadLetters.waiting,
  replayed: words.deadLetters.replayed,
  discarded: words.deadLetters.discarded,
};
export type Status = keyof typeof STATUSES;

export const statusOf = ({ part }: Address): Status => (part === "replayed" || part === "discarded" ? part : "waiting");

const PAGE = "100";

/** Letters of all projects if none is chosen: a message that could not be read belongs to none. */
const asked = (address: Address, cursor: number | undefined) => ({
  project_id: address.project_id,
  status: statusOf(address),
  event_type: address.event_type,
  limit: PAGE,
  cursor,
});

export const deadLetters = (address: Address, cursor?: number) =>
  query("dead-letters", asked(address, cursor), (asked, options) =>
    client["dead-letters"].$get({ query: asked }, options),
  );

/** Some letters of one database. */
type Chosen = { ids: number[]; shard: string };

/** Replays some, and returns the reason of the first failure. */
export async function replay({
  ids,
  shard,
}: Chosen): Promise<{ replayed: number; failed: number; why: string | undefined }> {
  const { replayed, failed, results } = await read(
    client["dead-letters"].replay.$post({ json: { ids }, query: { shard } }),
  );
  const why = results.find((result) => result.status === "failed");
  return { replayed, failed, why: why && "error" in why ? why.error : undefined };
}

export async function discard({ ids, shard }: Chosen): Promise<{ discarded: number }> {
  return read(client["dead-letters"].discard.$post({ json: { ids }, query: { shard } }));
}

export type Work = "replay" | "discard";
const DONE = { replay: stateText("replayed"), discard: stateText("discarded") } as const;

/** All letters that match the address, page by page. Those that fail stay, and are not tried twice. */
export async function workThrough(work: Work, address: Address, tell: (progress: string) => void): Promise<void> {
  let [done, failed] = [0, 0];
  let why: string | undefined;
  let cursor: number | undefined;
  try {
    do {
      const page = await read(client["dead-letters"].$get({ query: given(asked(address, cursor)) }));
      const ids = page.rows.map(({ id }) => id);
      const shard = page.rows[0]?.shard;
      if (shard !== undefined && work === "replay") {
        const answer = await replay({ ids, shard });
        done += answer.replayed;
        failed += answer.failed;
        why ??= answer.why;
      } else if (shard !== undefined) done += (await discard({ ids, shard })).discarded;
      tell(words.deadLetters.doneSoFar(done, DONE[work], failed));
      cursor = page.next_cursor ?? undefined;
    } while (cursor !== undefined);
  } finally {
    refreshAnswers();
  }
  if (failed > 0) throw new ApiError(0, words.deadLetters.failedAndWaitOn(done, DONE[work], failed), why ?? "");
  say(`${words.deadLetters.doneSoFar(done, DONE[work], 0)}.`);
}
