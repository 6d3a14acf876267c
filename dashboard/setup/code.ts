/** What there is to paste: the code of the docs, with this project's own values in it. */
import events from "../../docs/events.md?code";
import pixels from "../../docs/pixels.md?code";
import sdk from "../../docs/sdk.md?code";

export type Own = { origin: string; project_id: string };

const own =
  (code: string | undefined) =>
  ({ origin, project_id }: Own): string =>
    (code ?? "").replaceAll("https://YOUR-HOST", origin).replaceAll("YOUR-PROJECT", project_id);

const [visit, registration, deposit] = pixels.Pixels?.text?.split("\n") ?? [];

export const snippet = own(pixels["The snippet"]?.html);
export const calls = own(pixels["The snippet"]?.js);
export const PIXELS = { visit: own(visit), registration: own(registration), deposit: own(deposit) };
export const postback = own(pixels.Postbacks?.text);

/** Each language, and its code. */
export const SERVERS = {
  curl: own(events["Events API"]?.sh),
  Node: own(sdk["Client SDK"]?.ts),
  PHP: own(events["Events API"]?.php),
  Python: own(events["Events API"]?.python),
};
export const install = own(sdk["Client SDK"]?.sh);
export const SIGNATURES = {
  Node: own(pixels.Signatures?.ts),
  PHP: own(pixels.Signatures?.php),
  Python: own(pixels.Signatures?.python),
};
