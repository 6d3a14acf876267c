/**
 * Signed pixels. `sig` is the hex HMAC-SHA256, under the project's pixel secret, of the query's other pairs,
 * percent-decoded, sorted by name, joined as `name=value` with `&`.
 */

const encoder = new TextEncoder();

/** What is signed: the query without `sig`. Sorted by code unit, as every language's plain string order does for ASCII. */
export function signedText(query: Iterable<[string, string]>): string {
  return [...query]
    .filter(([name]) => name !== "sig")
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([name, value]) => `${name}=${value}`)
    .join("&");
}

async function keyOf(secret: string): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", encoder.encode(secret), { name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
    "verify",
  ]);
}

/** Compares in constant time. */
export async function isSigned(query: URLSearchParams, secret: string): Promise<boolean> {
  const given = query.get("sig") ?? "";
  if (!/^[0-9a-f]{64}$/i.test(given) || query.getAll("sig").length > 1) return false;
  return crypto.subtle.verify(
    "HMAC",
    await keyOf(secret),
    Uint8Array.fromHex(given),
    encoder.encode(signedText(query)),
  );
}

export async function sign(query: Iterable<[string, string]>, secret: string): Promise<string> {
  return new Uint8Array(
    await crypto.subtle.sign("HMAC", await keyOf(secret), encoder.encode(signedText(query))),
  ).toHex();
}
