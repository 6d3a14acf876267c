/** What postbacks about one event change of its conversion, in the order in which they came. */
import type { Change } from "../payouts/decide.ts";
import type { Standing } from "./known.ts";
import type { Received } from "./received.ts";

export type Decision = { project_id: string; change: Change; actor: string; reason: string };

/** A reason is 500 characters at most, as where people write one. */
const SAID_CHARACTERS = 100;
const reasonOf = ({ source, said }: Received): string =>
  said === null
    ? `Postback of the source ${source}.`
    : `Postback of the source ${source}, which calls it “${said.slice(0, SAID_CHARACTERS).toWellFormed()}”.`;

/** What was paid back, from which a postback only leads on to the next. */
const PAID_BACK: readonly Change["status"][] = ["refunded", "charged_back"];

/**
 * What says nothing new changes nothing, as a postback that is sent again. Nor does `pending`: it is how a conversion begins, and
 * what was decided is not taken back by a postback that was late. What was paid back stays so, as where people
 * decide: whoever has seen an address, also a signed one, can call it again at any time, and would have it paid once more.
 */
export function decisionsOf(rows: readonly Received[], standing: Standing): Decision[] {
  const { seq } = standing;
  if (seq === null) return [];
  let { status, amount, currency } = standing;
  const decisions: Decision[] = [];
  for (const row of rows) {
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
