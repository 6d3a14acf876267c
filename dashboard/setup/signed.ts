/** A pixel's address with its signature, as the docs make it. */
import { useEffect, useState } from "preact/hooks";
import { signedText } from "../../worker/collect/signature.ts";

const bytes = (text: string) => new TextEncoder().encode(text);

/** Signs the Worker's text. The Worker's `sign` is for workerd; this one also runs in browsers without `Uint8Array.toHex`. */
export async function sign(url: string, secret: string): Promise<string> {
  const text = signedText(new URL(url).searchParams);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", bytes(secret), hmac, false, ["sign"]);
  const signature = new Uint8Array(await crypto.subtle.sign("HMAC", key, bytes(text)));
  return `${url}&sig=${[...signature].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}

/** Null until it is computed, and without https, where browsers cannot sign. */
export function useSigned(url: string, secret: string): string | null {
  const [signed, setSigned] = useState<string | null>(null);
  useEffect(() => {
    let other = false;
    setSigned(null);
    sign(url, secret).then(
      (made) => other || setSigned(made),
      () => undefined,
    );
    return () => {
      other = true;
    };
  }, [url, secret]);
  return signed;
}
