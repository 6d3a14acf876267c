/** The request that sends an event to a target, and the part of it that may be shown. */
import { SECRET_NAME } from "../secret-name.ts";
import { type Json, textsIn, withTexts } from "./json-texts.ts";
import { fill, namesIn, percentEncoded, type ToldEvent, valuesOf, wrongMacro } from "./macros.ts";
import { SIGNATURE, signatureOf } from "./signature.ts";
import type { Target, TargetSettings } from "./target.ts";

export type PostbackRequest = {
  method: Target["method"];
  url: string;
  body: string | null;
  headers: Record<string, string>;
};
/** Without the values of parameters such as `token`. */
export type ShownRequest = Pick<PostbackRequest, "method" | "url" | "body">;

const TYPES = { form: "application/x-www-form-urlencoded", json: "application/json" } as const;
const HIDDEN = "[secret]";

const isSecret = (name: string, template: string) => SECRET_NAME.test(name) && namesIn(template).length === 0;
const withoutSecrets = (pairs: string): string =>
  pairs.replace(/(^|[?&])([^=&#?]+)=([^&#]+)/g, (pair, sign, name, value) =>
    isSecret(name, value) ? `${sign}${name}=${HIDDEN}` : pair,
  );

/** The macros of a target's templates. */
export const macrosOf = ({ url, body, body_type }: Pick<TargetSettings, "url" | "body" | "body_type">): string[] => {
  const texts = body === null ? [] : body_type === "json" ? textsIn(JSON.parse(body) as Json) : [body];
  return [url, ...texts].flatMap(namesIn);
};

/** What is wrong with a body's template; null where nothing is. */
export function wrongBody({ body_type, body }: Pick<TargetSettings, "body_type" | "body">): string | null {
  if (body === null || body_type === null) return null;
  if (body_type === "form") return wrongMacro(body);
  try {
    return (
      textsIn(JSON.parse(body) as Json)
        .map(wrongMacro)
        .find((wrong) => wrong !== null) ?? null
    );
  } catch {
    return "must be JSON, with macros inside of its texts only";
  }
}

/** `shown` is the form that may be stored and shown. */
export async function requestOf(
  target: Target,
  event: ToldEvent,
  at: number,
): Promise<{ request: PostbackRequest; shown: ShownRequest }> {
  const { method, body_type } = target;
  const values = await valuesOf(event, macrosOf(target));
  const filled = (template: string) => fill(template, values, percentEncoded);
  const url = new URL(filled(target.url)).href;
  const json = (hide: boolean) =>
    JSON.stringify(
      withTexts(JSON.parse(target.body ?? "null") as Json, (text, key) =>
        hide && isSecret(key, text) ? HIDDEN : fill(text, values, String),
      ),
    );
  const bodyOf = (hide: boolean): string | null => {
    if (target.body === null) return null;
    if (body_type === "json") return json(hide);
    return filled(hide ? withoutSecrets(target.body) : target.body);
  };
  const body = bodyOf(false);
  return {
    request: {
      method,
      url,
      body,
      headers: {
        "user-agent": "Edgepixel",
        [SIGNATURE]: await signatureOf(target.secret, at, method, url, body),
        ...(body !== null && body_type !== null && { "content-type": TYPES[body_type] }),
      },
    },
    shown: { method, url: filled(withoutSecrets(target.url)), body: bodyOf(true) },
  };
}
