/** The code to paste: that of the docs, with this project's values in it. */
import events from "../../docs/events.md?code";
import pixels from "../../docs/pixels.md?code";
import sdk from "../../docs/sdk.md?code";
import type { Query } from "../answers.ts";
import { readFile } from "../api.ts";

export type Own = { origin: string; project_id: string };
/** Keyed by the heading of its section, then by language. */
type Code = Record<string, Record<string, string>>;

const own =
  (code: string | undefined) =>
  ({ origin, project_id }: Own): string =>
    (code ?? "").replaceAll("https://YOUR-HOST", origin).replaceAll("YOUR-PROJECT", project_id);

function samplesOf(pixels: Code, events: Code, sdk: Code) {
  const [visit, registration, deposit] = pixels.Pixels?.text?.split("\n") ?? [];
  return {
    snippet: own(pixels["The snippet"]?.html),
    calls: own(pixels["The snippet"]?.js),
    pixels: { visit: own(visit), registration: own(registration), deposit: own(deposit) },
    postback: own(pixels.Postbacks?.text),
    install: own(sdk["Client SDK"]?.sh),
    /** Each language, and its code. */
    servers: {
      curl: own(events["Events API"]?.sh),
      Node: own(sdk["Client SDK"]?.ts),
      PHP: own(events["Events API"]?.php),
      Python: own(events["Events API"]?.python),
    },
    signatures: {
      Node: own(pixels.Signatures?.ts),
      PHP: own(pixels.Signatures?.php),
      Python: own(pixels.Signatures?.python),
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
