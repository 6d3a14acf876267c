/**
 * Shortens the names of the dashboard's texts in the build. In the source, a text has the name of its first words, in each
 * language and at each use: these names would be a fifth of everything that a browser downloads. The texts of administration
 * become a separate chunk, which is loaded before its views. The build fails where a file does not have the expected form:
 * each group and each text begins a line.
 */

/** By the name of a group: its short name, and the short names of its texts. */
export type Short = ReadonlyMap<string, { short: string; texts: ReadonlyMap<string, string> }>;

/** Groups whose texts are found by names from the API, so their names stay. */
const FOUND_BY_NAME = ["names", "states", "groups"];

/** Groups, and folders with the same names, that only views/administration.ts needs. */
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

/** The file of a language with short names: only the part for administration, or everything else. */
export function withShortTexts(language: string, short: Short, part: "administration" | "page"): string {
  let name: string | undefined;
  return language
    .split("\n")
    .flatMap((line) => {
      const [, begun] = GROUP.exec(line) ?? [];
      name = begun ?? name;
      const groupName = name;
      if (line === "  },") name = undefined;
      if (groupName === undefined) return line;
      if (ADMINISTRATION.includes(groupName) !== (part === "administration")) return [];
      const group = short.get(groupName);
      if (!group) return line;
      if (begun !== undefined) return `  ${group.short}: {`;
      return line.replace(TEXT, (_, text: string) => `    ${shortOf(group.texts, text)}:`);
    })
    .join("\n");
}

/** Code in a folder of dashboard/, with short names where it uses texts. */
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
