/**
 * The proof that a postback is from this instance: `t=<epoch seconds>,v1=<hex HMAC-SHA256>` over the time, the method, the
 * whole URL and the body, separated by line feeds.
 */
export const SIGNATURE = "X-Edgepixel-Signature";

const encoder = new TextEncoder();

export const signedText = (at: number, method: string, url: string, body: string | null): string =>
  `${Math.floor(at / 1_000)}\n${method}\n${url}\n${body ?? ""}`;

export async function signatureOf(secret: string, at: number, method: string, url: string, body: string | null) {
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", encoder.encode(secret), hmac, false, ["sign"]);
  const signed = await crypto.subtle.sign("HMAC", key, encoder.encode(signedText(at, method, url, body)));
  return `t=${Math.floor(at / 1_000)},v1=${new Uint8Array(signed).toHex()}`;
}
