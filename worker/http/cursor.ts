/**
 * Cursors: where a page of a list ended. They are encrypted with the project's secret, so that a reader can neither find values
 * in a cursor that the page hides, nor make one up.
 */
import type * as z from "zod";
import type { Project } from "../project.ts";
import { Problem } from "./problem.ts";

const NONCE_BYTES = 12;

async function keyOf({ project_id, pixel_secret }: Project): Promise<CryptoKey> {
  const seed = new TextEncoder().encode(`cursor ${project_id} ${pixel_secret}`);
  return crypto.subtle.importKey("raw", await crypto.subtle.digest("SHA-256", seed), "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
}

export async function seal(project: Project, place: unknown): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const plain = new TextEncoder().encode(JSON.stringify(place));
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await keyOf(project), plain);
  return new Uint8Array([...iv, ...new Uint8Array(sealed)]).toBase64({ alphabet: "base64url", omitPadding: true });
}

/** The place in a cursor that this list has given out. */
export async function unseal<Place>(project: Project, cursor: string, place: z.ZodType<Place>): Promise<Place> {
  try {
    const bytes = Uint8Array.fromBase64(cursor, { alphabet: "base64url" });
    const iv = bytes.subarray(0, NONCE_BYTES);
    const sealed = bytes.subarray(NONCE_BYTES);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await keyOf(project), sealed);
    return place.parse(JSON.parse(new TextDecoder().decode(plain)));
  } catch {
    throw Problem.of("cursor", "cursor is not one that this list has given out");
  }
}
