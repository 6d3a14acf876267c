/**
 * docs/postbacks.md is right: its signatures, by an independent implementation, its macros, and its pauses. The results
 * of its templates are tested in test/worker/postback-macros.test.ts.
 */
import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { PRESET_NAMES } from "../../worker/inbound/presets.ts";
import { PAUSED_AFTER, PAUSES_MS, WARNED_AFTER } from "../../worker/postbacks/ladder.ts";
import { MACRO_NAMES } from "../../worker/postbacks/macros.ts";
import { TARGET_PRESETS } from "../../worker/postbacks/presets.ts";
import { signedText } from "../../worker/postbacks/signature.ts";

const page = readFileSync(new URL("../../docs/postbacks.md", import.meta.url), "utf8");
const SECRET = /Under the secret\s+`([^`]+)`/.exec(page)?.[1] as string;
const vectors = [
  ...page.matchAll(/^\| (\d{10}) \| `(\w+)` \| `([^`]+)` \| (?:`([^`]+)`)? ?\| `([0-9a-f]{64})` \|$/gm),
].map(([, t, method, url, body, v1]) => ({ t, method, url, body: body ?? "", v1 }));

describe("docs/postbacks.md", () => {
  it.each(vectors)("has the signature of $method $url", ({ t, method, url, body, v1 }) => {
    // Computed from the page's description alone, and from the text that the Worker signs.
    const said = createHmac("sha256", SECRET).update([t, method, url, body].join("\n")).digest("hex");
    expect(said).toBe(v1);
    expect(signedText(Number(t) * 1_000, method as string, url as string, body || null)).toBe(
      [t, method, url, body].join("\n"),
    );
  });

  it("has two examples of signatures, one with a body", () => {
    expect(vectors.map(({ body }) => body !== "")).toEqual([false, true]);
  });

  it.each(MACRO_NAMES)("has {%s}", (name) => expect(page).toContain(`\`{${name}}\``));

  it.each(Object.entries(TARGET_PRESETS))(
    "has the URL of %s, and where it is documented",
    (name, { title, url, docs }) => {
      expect(page).toContain(`| \`${name}\` | \`${url}\` | [${title}](${docs}) |`);
    },
  );

  it.each(PRESET_NAMES)("has the parameters of the network %s", (name) => expect(page).toContain(`\n| \`${name}\` |`));

  it("has the pauses between tries, and the number of failures after which a target is paused", () => {
    const minutes = PAUSES_MS.map((ms) => ms / 60_000);
    expect(minutes).toEqual([0.2, 2.5, 30, 360, 1_440]);
    expect(page.replace(/\s+/g, " ")).toContain("12 seconds, 2½ minutes, 30 minutes, 6 hours and 24 hours");
    expect(page).toContain(`After ${WARNED_AFTER} tries that failed one after the other`);
    expect(page).toContain(`after ${PAUSED_AFTER} it is \`paused\``);
  });
});
