/** The code to paste: that of the docs, with this project's values in it. */
import events from "../../docs/events.md?code";
import pixels from "../../docs/pixels.md?code";
import sdk from "../../docs/sdk.md?code";
import type { Query } from "../answers.ts";
import { readFile } from "../api.ts";

export type Own = { origin: string; project_id: string };
/** Keyed by the heading of its section, then by language. */
type Code = Record<string, Record<string, string>>;

const fillIn =
  (code: string | undefined) =>
  ({ origin, project_id }: Own): string =>
    (code ?? "").replaceAll("https://YOUR-HOST", origin).replaceAll("YOUR-PROJECT", project_id);

function samplesOf(pixels: Code, events: Code, sdk: Code) {
  const [visit, registration, deposit] = pixels.Pixels?.text?.split("\n") ?? [];
  return {
    snippet: fillIn(pixels["The snippet"]?.html),
    calls: fillIn(pixels["The snippet"]?.js),
    pixels: { visit: fillIn(visit), registration: fillIn(registration), deposit: fillIn(deposit) },
    postback: fillIn(pixels.Postbacks?.text),
    install: fillIn(sdk["Client SDK"]?.sh),
    /** Each language, and its code. */
    servers: {
      curl: fillIn(events["Events API"]?.sh),
      Node: fillIn(sdk["Client SDK"]?.ts),
      PHP: fillIn(events["Events API"]?.php),
      Python: fillIn(events["Events API"]?.python),
    },
    signatures: {
      Node: fillIn(pixels.Signatures?.ts),
      PHP: fillIn(pixels.Signatures?.php),
      Python: fillIn(pixels.Signatures?.python),
    },
  };
}
export type Samples = ReturnType<typeof samplesOf>;

const codeAt = async (url: string): Promise<Code> => JSON.parse(await (await readFile(url)).text());

export const samples: Query<Samples> = {
  key: "samples",
  steady: true,
  ask: async () => samplesOf(...(await Promise.all([codeAt(pixels), codeAt(events), codeAt(sdk)]))),
};
