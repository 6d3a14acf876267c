/** Who is signed up in this browser. A real site would ask its server. */
const KEY = "velvet-comet:account";

export type Account = { player_id: string; nickname: string };

export function account(): Account | null {
  try {
    return JSON.parse(localStorage.getItem(KEY) ?? "null");
  } catch {
    return null;
  }
}

export function openAccount(nickname: string): Account {
  const opened = { player_id: `player-${token(8)}`, nickname };
  try {
    localStorage.setItem(KEY, JSON.stringify(opened));
  } catch {
    // Without storage the account lasts as long as the page.
  }
  return opened;
}

/** Letters and digits that nobody mistakes for one another. */
export function token(length: number): string {
  const letters = "abcdefghjkmnpqrstuvwxyz23456789";
  return Array.from(
    crypto.getRandomValues(new Uint32Array(length)),
    (value) => letters[value % letters.length] as string,
  ).join("");
}
