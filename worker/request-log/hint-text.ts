/** The values of a request in the text of a hint. */

const LONGEST_VALUE = 60;
export const fill = (hint: string, field: string, value: unknown, sent = ""): string =>
  hint
    .replaceAll("$field", () => field)
    .replaceAll("$sent", () => sent)
    // Without a value, as over many requests, the sentence stays true of all of them.
    .replaceAll("`$value`", () => (value === undefined ? `\`${field}\`` : `\`${short(value)}\``))
    .replaceAll("$value", () => short(value));
const short = (value: unknown) => {
  const text = String(value);
  return text.length > LONGEST_VALUE ? `${text.slice(0, LONGEST_VALUE)}…` : text;
};
