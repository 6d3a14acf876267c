/**
 * How many user agents of public lists are judged to be bots: it should be few of the browsers and apps of people, and most of
 * the crawlers. The lists are not part of this repository; docs/pixels.md says where they are.
 *
 *     node bench/agents.ts browsers.yml crawlers.yml crawler-user-agents.json
 *
 * With `--list` it also prints the agents that it judges differently from their list.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { gunzipSync } from "node:zlib";
import { SENDER } from "../worker/collect/agents.ts";
import { botReason } from "../worker/collect/bot.ts";

/** The agents in a YAML list, in JSON (texts, or objects with `userAgent` or `instances`), or in a file with one on each line. */
function agentsIn(path: string): string[] {
  const bytes = readFileSync(path);
  const text = (path.endsWith(".gz") ? gunzipSync(bytes) : bytes).toString();
  if (/\.ya?ml$/.test(path))
    return [...text.matchAll(/^\s*- (.+)$/gm)].map(([, one = ""]) => one.replace(/^(["'])(.*)\1$/, "$2"));
  if (!/^\s*\[/.test(text)) return text.split("\n").filter((line) => line !== "");
  type Entry = string | { userAgent?: string; instances?: string[] };
  return (JSON.parse(text) as Entry[]).flatMap((one) =>
    typeof one === "string" ? one : (one.instances ?? one.userAgent ?? []),
  );
}

const isBot = (agent: string) => botReason({ agent, asn: undefined, local: false }, {}) !== null;
const list = process.argv.includes("--list");
for (const path of process.argv.slice(2).filter((one) => !one.startsWith("--"))) {
  const agents = [...new Set(agentsIn(path))];
  const people = !/crawler|bot/i.test(basename(path));
  const flagged = agents.filter(isBot);
  // Servers send events with these libraries, and their events count.
  const libraries = people ? [] : agents.filter((agent) => !isBot(agent) && SENDER.test(agent));
  const counted = agents.length - libraries.length;
  console.log(
    `${basename(path)}: ${counted.toLocaleString("en")} agents${people ? "" : ` and ${libraries.length} libraries`}, ` +
      `taken for a bot ${flagged.length.toLocaleString("en")} (${((100 * flagged.length) / counted).toFixed(2)} %)`,
  );
  if (list)
    for (const agent of agents) if (isBot(agent) === people && !libraries.includes(agent)) console.log(`  ${agent}`);
}
