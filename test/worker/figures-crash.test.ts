/** A step of the figures that is interrupted at any of its calls: the next step counts each event once. */
import { env } from "cloudflare:workers";
import { describe, expect, it } from "vitest";
import type { StoredEvent } from "../../worker/event.ts";
import { append } from "../../worker/event-log/append.ts";
import { figures } from "../../worker/projections/figures.ts";
import { figuresProgress } from "../../worker/projections/figures-progress.ts";
import { advance } from "../../worker/projections/runner.ts";
import { databaseOf } from "../../worker/store/database.ts";
import { guardedDatabase } from "./database.ts";
import { comparable } from "./figures-compare.ts";
import { daysOf } from "./figures-oracle.ts";
import { readDays } from "./figures-read.ts";
import { createProject, db, storedEvent } from "./log.ts";

const HOUR_MS = 3_600_000;
const NOW = Date.now();

/** Events of players and visitors, including a late one and a link. */
const eventsOf = (project_id: string, round: number): StoredEvent[] =>
  Array.from({ length: 12 }, (_, n) =>
    storedEvent({
      project_id,
      event_type: n % 3 === 0 ? "visit" : "deposit",
      ...(n % 2 === 0 ? { player_id: `p${n % 4}` } : { visitor_id: `v${n % 5}` }),
      ...(n === 7 && { player_id: "p1" }),
      banner_tag: n % 3 === 0 ? `tag-${n % 2}` : null,
      timestamp: NOW - 90 * HOUR_MS + (n === 11 ? 0 : round * 20 + n) * HOUR_MS,
    }),
  );

/** The database, whose `nth` call is refused, or takes effect without an answer. */
const dying = (nth: number, isLost: boolean) => {
  let calls = 0;
  return guardedDatabase(async (act) => {
    if (++calls !== nth) return act();
    if (isLost) await act();
    throw new Error("The connection is gone.");
  });
};

describe("a step of the figures", () => {
  it.each([
    ["refused", false],
    ["without an answer", true],
  ] as const)("counts each event once, whichever call is %s", async (how, isLost) => {
    const project_id = `crash-${isLost}`;
    await createProject(project_id);
    const sent: StoredEvent[] = [];
    let died = 0;
    for (let [round, isWhole] = [0, false]; !isWhole; round++) {
      const events = eventsOf(project_id, round % 4);
      sent.push(...events);
      await append(db, events);
      isWhole = await advance(env, databaseOf({ DB: dying(round + 1, isLost) }), figures, Date.now()).then(
        () => true,
        () => false,
      );
      if (!isWhole) died++;
      while ((await advance(env, db, figures, Date.now())).behind > 0);
    }
    expect([how, died > 5]).toEqual([how, true]);
    expect(comparable(await readDays(project_id))).toEqual(comparable(daysOf(sent, 30)));
    expect(await figuresProgress(db)).toMatchObject({ whole: true });
  });
});
