/** Writes the values of a request into the text of a hint. */

const LONGEST_VALUE = 60;
export const fill = (hint: string, field: string, value: unknown, sent = ""): string =>
  hint
    .replaceAll("$field", () => field)
    .replaceAll("$sent", () => sent)
    // A hint about many requests has no value; with the field instead, the sentence is true for all of them.
    .replaceAll("`$value`", () => (value === undefined ? `\`${field}\`` : `\`${short(value)}\``))
    .replaceAll("$value", () => short(value));
const short = (value: unknown) => {
  const text = String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
};
