/** How to correct a refused event, in words for the person who sets up a postback or an integration. */

import { type ErrorCode, spelledAsType } from "../event.ts";
import { typeByOtherName } from "../lookalike.ts";
import { HOUR_MS } from "../time.ts";
import { GENERAL, RULES } from "./hint-rules.ts";
import { fill } from "./hint-text.ts";
import { type Sent, sentAs, sentValue } from "./sent-names.ts";

/** Such as ` as \`order_completed\`, or as \`purchase\` …`: another product's type in the spelling of Edgepixel. */
function spelled(value: unknown): string {
  const ours = spelledAsType(String(value ?? ""));
  if (ours === null || typeof value !== "string") return "";
  const known = typeByOtherName(value);
  return ` as \`${ours}\`${known && known !== ours ? `, or as \`${known}\` where it means that` : ""}`;
}

function hoursAhead(value: unknown, at: number): number {
  const text = String(value);
  return ((/^\d+$/.test(text) ? Number(text) : Date.parse(text)) - at) / HOUR_MS;
}

/** The hint for an error. Without the request, as for a count of errors, it is a hint that fits all errors of the kind. */
export function hintFor(error: { code: string; field: string }, sent: Sent = {}, at = 0): string {
  const { code, field } = error;
  const value = sentValue(sent, field);
  for (const rule of RULES) {
    if (rule.code !== code || (rule.field !== undefined && rule.field !== field)) continue;
    if (rule.value && (value === undefined || !rule.value.test(String(value)))) continue;
    const other = rule.alike && sentAs(sent, rule.alike);
    if (rule.alike && other === undefined) continue;
    if (rule.ahead) {
      const ahead = value === undefined ? Number.NaN : hoursAhead(value, at);
      if (!(ahead > rule.ahead[0] && ahead <= rule.ahead[1])) continue;
    }
    const hint = rule.hint.replaceAll("$type", () => spelled(other === undefined ? value : sent[other]));
    const within = other?.includes(".") ? " It must stand in the event itself, at the top." : "";
    return fill(hint, field, value, other) + within;
  }
  const general = Object.hasOwn(GENERAL, code) ? GENERAL[code as ErrorCode] : "`$field` was refused.";
  return fill(general, field, value);
}
