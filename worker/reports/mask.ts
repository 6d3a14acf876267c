/**
 * Personal data in masked form, for readers who may not know whose it is. Equal values have equal masks, so they can be
 * joined.
 */
import type { Project } from "../project.ts";

const PSEUDONYM_CHARACTERS = 20;

/** `anna@mail.example.com` → `a***@m***.com`. */
export function maskEmail(email: string): string {
  const at = email.lastIndexOf("@");
  const first = (part: string) => `${[...part][0] ?? ""}***`;
  if (at === -1) return first(email);
  const domain = email.slice(at + 1);
  const dot = domain.lastIndexOf(".");
  return `${first(email.slice(0, at))}@${first(domain)}${dot > 0 ? domain.slice(dot) : ""}`;
}

/** `+356 2123 4567` → `***67`. */
export const maskPhone = (phone: string): string => `***${phone.replace(/\D/g, "").slice(-2)}`;

/** Gives an id its pseudonym: an HMAC under the project's secret, so that nobody can find the id by trying values. */
export async function pseudonyms({ project_id, pixel_secret }: Project): Promise<(id: string) => Promise<string>> {
  const encoder = new TextEncoder();
  const secret = encoder.encode(`pseudonym ${project_id} ${pixel_secret}`);
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return async (id) =>
    new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(id))).toHex().slice(0, PSEUDONYM_CHARACTERS);
}
