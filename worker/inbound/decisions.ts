/** How postbacks about one event change its conversion, in the order of their arrival. */
import { type SQL, sql } from "drizzle-orm";
import type { Change } from "../payouts/decide.ts";
import type { Standing } from "./known.ts";
import type { Received } from "./received.ts";

export type Decision = { project_id: string; change: Change; actor: string; reason: string };

/** The most characters of a reason, as for people. */
const SAID_CHARACTERS = 100;
const reasonOf = ({ source, said: statusWord }: Received): string =>
  statusWord === null
    ? `Postback of the source ${source}.`
    : `Postback of the source ${source}, which calls it “${statusWord.slice(0, SAID_CHARACTERS).toWellFormed()}”.`;

/** Statuses of a conversion that was paid back: a postback can only change one of them to the next. */
const PAID_BACK: readonly Change["status"][] = ["refunded", "charged_back"];

/** The time that the network names; null where it names none, and the event has the time of receipt. */
export const toldAt = ({ event, received_at }: Received): number | null =>
  event.timestamp === received_at ? null : event.timestamp;

/** Everything in a postback that can change a conversion, as a text: postbacks with equal texts are equal. */
export const saysOf = (row: Received): string =>
  JSON.stringify([row.source, row.status, row.event.amount, row.event.currency, toldAt(row)]);

/**
 * Anybody who has seen a postback's address, even a signed one, can call it again. So a postback that repeats an earlier one changes
 * nothing, whatever was decided since, and neither does one that is older, by the network's clock, than one that was received before.
 * Where the network sends no time, postbacks count in the order of receipt. `pending` changes nothing, as every conversion begins
 * with it. A conversion that was refunded or charged back stays so, as where a person decides.
 */
export function decisionsOf(rows: readonly Received[], standing: Standing): Decision[] {
  const { seq } = standing;
  if (seq === null) return [];
  let { status, amount, currency, told_at } = standing;
  const knownSays = new Set(standing.said);
  const decisions: Decision[] = [];
  for (const row of rows) {
    const at = toldAt(row);
    const isOld = knownSays.has(saysOf(row)) || (at !== null && told_at !== null && at < told_at);
    knownSays.add(saysOf(row));
    if (isOld) continue;
    told_at = at ?? told_at;
    const place = PAID_BACK.indexOf(status);
    if (place >= 0 && PAID_BACK.indexOf(row.status) <= place) continue;
    const newStatus = row.status !== null && row.status !== "pending" && row.status !== status ? row.status : null;
    const corrected = row.event.amount !== null && (row.event.amount !== amount || row.event.currency !== currency);
    if (newStatus === null && !corrected) continue;
    const change: Change = {
      seq,
      status: newStatus,
      amount: corrected ? row.event.amount : null,
      currency: corrected ? row.event.currency : null,
    };
    status = newStatus ?? status;
    if (corrected) ({ amount, currency } = row.event);
    decisions.push({ project_id: row.project_id, change, actor: `source ${row.source}`, reason: reasonOf(row) });
  }
  return decisions;
}

/** Records what these postbacks say about the conversion at `seq`. */
export const noteSaid = (settled: readonly { seq: number; row: Received }[]): SQL => sql`
  INSERT INTO settled_postbacks (seq, says, project_id, told_at)
  SELECT v.value ->> 0, v.value ->> 1, v.value ->> 2, v.value ->> 3
  FROM json_each(${JSON.stringify(settled.map(({ seq, row }) => [seq, saysOf(row), row.project_id, toldAt(row)]))}) v
  WHERE true ON CONFLICT DO NOTHING`;
