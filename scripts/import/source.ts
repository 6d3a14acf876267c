/** Imports one file: reads it, checks its lines, sends a few batches at a time, and settles them in the order of the lines. */
import { Batch, judgeLine } from "./batch.ts";
import { FORMATS, type Format } from "./format.ts";
import type { Paths } from "./hit.ts";
import { Identity } from "./identity.ts";
import { linesOf } from "./lines.ts";
import type { Mapping } from "./mapping.ts";
import type { Rejects } from "./rejects.ts";
import { send, type Target } from "./send.ts";
import type { Position, State } from "./state.ts";
import type { Ways } from "./values.ts";

const AT_ONCE = 4;

export type Source = { name: string; path: string; format: Format; state: State; position: Position };

/** `target` is null for a dry run, which keeps no state. */
export type Way = Ways & {
  mapping: Mapping;
  paths: Paths;
  encoding: string | undefined;
  target: Target | null;
  rejects: Rejects | null;
};

/** `onRead` is called with how many bytes of the file were read. */
export async function importSource(
  { name, path, format, state, position }: Source,
  { mapping, paths, encoding, clock, decimal, target, rejects }: Way,
  onRead: (bytes: number) => void,
): Promise<void> {
  const identity = new Identity();
  const ways = { clock, decimal, project: target?.project ?? "default" };
  const underWay: { batch: Batch; answers: ReturnType<typeof send> }[] = [];
  const settle = async () => {
    const { batch, answers } = underWay.shift() as (typeof underWay)[number];
    const rejected = batch.settle(await answers, position.tally);
    rejects?.write(name, rejected);
    Object.assign(position, { end: batch.end, rejects: rejects?.size ?? 0 });
    if (target) state.save(position);
  };
  const dispatch = async (batch: Batch) => {
    const answers = target && batch.events.length > 0 ? send(target, batch.events) : Promise.resolve([]);
    // An error is thrown later, when this batch is settled in its turn.
    answers.catch(() => undefined);
    underWay.push({ batch, answers });
    if (underWay.length === AT_ONCE) await settle();
  };
  try {
    const done = position.end;
    let batch = new Batch();
    for await (const entry of FORMATS[format](linesOf(path, { encoding, onRead }), { paths, clock })) {
      // Lines of an earlier run are also read, since ids depend on how often a content was read before.
      const judged = entry.found.kind === "event" ? judgeLine(entry.found, mapping, identity, ways, Date.now()) : null;
      if (entry.end <= done) continue;
      batch.add(entry, judged);
      if (!batch.full) continue;
      await dispatch(batch);
      batch = new Batch();
    }
    if (batch.read > 0) await dispatch(batch);
    while (underWay.length > 0) await settle();
  } finally {
    identity.close();
  }
}
