/**
 * The texts of the dashboard's languages, in what is built. They have short names there: in the source a text is called by
 * how it begins, in each language and wherever it is shown, which would be a fifth of all that a browser downloads. And
 * those of administration are a piece of their own, which comes before its views. What breaks the form that this reads, one
 * group or one text beginning a line, fails to build.
 */

/** What a group is called, and each of its texts. */
export type Short = ReadonlyMap<string, { short: string; texts: ReadonlyMap<string, string> }>;

/** Their texts are found by what the API names. */
const FOUND_BY_NAME = ["names", "states", "groups"];

/** Groups, and the folders of their names, that only views/administration.ts needs. */
const ADMINISTRATION = [
  ...["alerts", "audit", "dataRequests", "deadLetters", "keys", "postbacks", "projects"],
  ...["rates", "requests", "schemas", "setup", "sharing", "system"],
];

const GROUP = /^ {2}(\w+): \{$/;
const TEXT = /^ {4}(\w+):/;
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** `a` to `Z`, then two letters. */
const letters = (index: number): string =>
  index < LETTERS.length
    ? LETTERS.charAt(index)
    : letters(Math.floor(index / LETTERS.length) - 1) + LETTERS.charAt(index % LETTERS.length);

export function shortWords(english: string): Short {
  const groups = new Map<string, { short: string; texts: Map<string, string> }>();
  let texts: Map<string, string> | undefined;
  for (const line of english.split("\n")) {
    const [, group] = GROUP.exec(line) ?? [];
    if (group !== undefined) {
      texts = new Map();
      if (!FOUND_BY_NAME.includes(group)) groups.set(group, { short: letters(groups.size), texts });
    }
    const [, text] = TEXT.exec(line) ?? [];
    if (text !== undefined) texts?.set(text, letters(texts.size));
  }
  return groups;
}

/** The file of a language: its part for administration, or all else. */
export function withShortTexts(language: string, short: Short, part: "administration" | "page"): string {
  let name: string | undefined;
  return language
    .split("\n")
    .flatMap((line) => {
      const [, begun] = GROUP.exec(line) ?? [];
      name = begun ?? name;
      const own = name;
      if (line === "  },") name = undefined;
      if (own === undefined) return line;
      if (ADMINISTRATION.includes(own) !== (part === "administration")) return [];
      const group = short.get(own);
      if (!group) return line;
      if (begun !== undefined) return `  ${group.short}: {`;
      return line.replace(TEXT, (_, text: string) => `    ${shortOf(group.texts, text)}:`);
    })
    .join("\n");
}

/** What shows texts, in a folder of dashboard/. */
export const withShortUses = (code: string, short: Short, folder: string): string =>
  code.replace(/\bwords\.(\w+)\b(?:\.(\w+))?/g, (use, name: string, text?: string) => {
    const group = short.get(name);
    if (!group) return use;
    if (ADMINISTRATION.includes(name) && !ADMINISTRATION.includes(camel(folder)))
      throw new Error(`dashboard/${folder} shows a text of ${name}, which is loaded with administration alone`);
    return `words.${group.short}.${shortOf(group.texts, text ?? use)}`;
  });

/** `dead-letters` → `deadLetters`. */
const camel = (folder: string) => folder.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase());

function shortOf(texts: ReadonlyMap<string, string>, text: string): string {
  const short = texts.get(text);
  if (short === undefined) throw new Error(`dashboard/words/en.ts has no text "${text}"`);
  return short;
}
