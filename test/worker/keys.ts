/** Makes keys as an administrator does. */
import { env, SELF } from "cloudflare:test";
import { expect } from "vitest";

export const bearer = (key: string) => ({ authorization: `Bearer ${key}` });
export const ADMIN = bearer(env.ADMIN_TOKEN);

type Given = {
  role: string;
  project_id?: string | null;
  banner_tags?: string[];
  expires_at?: string;
  name?: string;
  hide_amounts?: boolean;
};

export async function makeApiKey(given: Given): Promise<string> {
  const response = await SELF.fetch("https://keys.example/api/v1/keys", {
    method: "POST",
    headers: { ...ADMIN, "content-type": "application/json" },
    body: JSON.stringify({ name: "a test's", ...given }),
  });
  expect(response.status).toBe(201);
  return (await response.json<{ key: string }>()).key;
}
