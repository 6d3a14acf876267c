/** Sends events to Edgepixel from a server. Node 20 or newer, without any package. */
import { createHmac, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { pathToFileURL } from "node:url";

const { EDGEPIXEL_URL, EDGEPIXEL_PROJECT, EDGEPIXEL_KEY, EDGEPIXEL_PIXEL_SECRET } = process.env;
const TRIES = 5;

/** Sends one event, and sends it again where that fails. Its id stays the same, so it counts once. */
export async function track(event) {
  const request = {
    method: "POST",
    headers: { authorization: `Bearer ${EDGEPIXEL_KEY}`, "content-type": "application/json" },
    body: JSON.stringify({ event_id: randomUUID(), ...event }),
  };
  for (let attempt = 0; attempt < TRIES; attempt++) {
    let wait = 2 ** attempt;
    try {
      const answer = await fetch(`${EDGEPIXEL_URL}/api/v1/events`, { ...request, signal: AbortSignal.timeout(10_000) });
      const text = await answer.text();
      if (answer.ok) return JSON.parse(text);
      if (answer.status < 500 && answer.status !== 429) throw new Refused(`Edgepixel refused the event: ${text}`);
      wait = Number(answer.headers.get("retry-after") ?? wait);
    } catch (error) {
      // No network, no answer in time, or the connection broke: it may have arrived or not.
      if (error instanceof Refused) throw error;
    }
    if (attempt < TRIES - 1) await sleep(wait * 1_000);
  }
  throw new Error(`Edgepixel could not be reached in ${TRIES} tries`);
}

class Refused extends Error {}

/** The address of a pixel whose fields nobody can change, for an image in a page. */
export function signedPixel(path, given) {
  const fields = { project_id: EDGEPIXEL_PROJECT, ...given };
  const text = Object.keys(fields)
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join("&");
  const sig = createHmac("sha256", EDGEPIXEL_PIXEL_SECRET).update(text).digest("hex");
  return `${EDGEPIXEL_URL}${path}?${new URLSearchParams({ ...fields, sig })}`;
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  console.log(await track({ event_type: "registration", player_id: "player-42", banner_tag: "summer" }));
  const deposit = { player_id: "player-42", amount: "25.00", currency: "EUR", transaction_id: "T-1001" };
  console.log(await track({ event_type: "deposit", ...deposit }));
  console.log(signedPixel("/deposit", { btag: "summer", ...deposit }));
}
