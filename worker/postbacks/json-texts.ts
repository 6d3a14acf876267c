/** The texts of a JSON value, wherever they are in it; names of keys are none. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

/** The value with each text changed; `key` is the name that it has in its object. */
export function withTexts(value: Json, change: (text: string, key: string) => string, key = ""): Json {
  if (typeof value === "string") return change(value, key);
  if (Array.isArray(value)) return value.map((one) => withTexts(one, change, key));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, withTexts(one, change, name)]));
}

export function textsIn(value: Json): string[] {
  const texts: string[] = [];
  withTexts(value, (text) => {
    texts.push(text);
    return text;
  });
  return texts;
}
