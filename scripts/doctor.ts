/**
 * `npm run doctor`: checks a running instance from outside, and says what is wrong and how to correct it. `--url` names a
 * deployed one. Its exit status is 1 where something is wrong, and 0 where there are only warnings.
 */
import { readCommand, run, URL_OPTION } from "./command.ts";
import type { Finding, Verdict } from "./doctor/check.ts";
import { examine } from "./doctor/examine.ts";
import { placeAt } from "./doctor/place.ts";
import { addressOf, keyFor } from "./instance.ts";

const { values } = readCommand({
  name: "npm run doctor",
  help: "Looks at a running instance from outside, and says what is wrong and how to mend it.",
  options: URL_OPTION,
});

const WIDTH = 12;
const lineOf = (verdict: Verdict, name: string, { says, mend }: Finding) =>
  `  ${verdict.padEnd(8)}  ${name.padEnd(WIDTH)}  ${says}${mend ? `\n${" ".repeat(WIDTH + 14)}${mend}` : ""}`;

async function examineAll(): Promise<void> {
  const url = addressOf(values.url);
  const place = placeAt(url, keyFor(url));
  console.log(`Edgepixel at ${place.url}\n`);
  const counted: Record<Verdict, number> = { ok: 0, warning: 0, wrong: 0, "left out": 0 };
  for await (const { name, finding } of examine(place)) {
    counted[finding.verdict]++;
    console.log(lineOf(finding.verdict, name, finding));
  }
  const { ok, warning, wrong } = counted;
  console.log(
    `\n${ok} ok, ${warning} warning${warning === 1 ? "" : "s"}, ${wrong} wrong, ${counted["left out"]} left out.`,
  );
  process.exit(counted.wrong > 0 ? 1 : 0);
}

await run(examineAll);
