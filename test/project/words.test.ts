/** All visible text of the dashboard is in dashboard/words/, one file a language. */
import { readFileSync } from "node:fs";
import { parseSync } from "vite";
import { describe, expect, it } from "vitest";
import { LANGUAGES } from "../../dashboard/words.ts";
import { shortWords, withShortTexts, withShortUses } from "../../scripts/short-words.ts";
import { sources } from "./imports.ts";

type Node = { type: string; start: number; [field: string]: unknown };

const files = sources("dashboard").filter((file) => !file.startsWith("dashboard/words"));
const source = (file: string) => readFileSync(file, "utf8");

/** Attributes of elements and components that people read. */
const ATTRIBUTES = [
  "title",
  "label",
  "hint",
  "placeholder",
  "aria-label",
  "legend",
  "what",
  "find",
  "every",
  "use",
  "lost",
  "none",
  "test",
  "all",
];
/** Properties with the name of a column, a view or a sign. */
const PROPERTIES = ["title", "label", "hint", "legend", "text", "means", "does", "none"];
/** The same in every language: the product's name, formats, and examples of values of the API. */
const SAME = /^(?:Edgepixel|PNG|CSV|NDJSON|EUR|brand|network|level_up|treasury|1\.0825|https:\/\/\S+)$/;
/** Elements whose text is code or invisible. */
const CODE = new Set(["code", "kbd", "pre"]);

const isText = (text: unknown): text is string =>
  typeof text === "string" && /\p{L}/u.test(text) && !SAME.test(text.trim());

/** Texts within an expression: in a template, a choice, or a fallback. */
function textsIn(node: Node | null | undefined): string[] {
  if (!node) return [];
  if (node.type === "Literal") return isText(node.value) ? [node.value as string] : [];
  if (node.type === "TemplateLiteral") {
    const said = (node.quasis as { value: { raw: string } }[]).map(({ value }) => value.raw).join("…");
    // A separate word: those in `${name}.csv` and `retention.${name}` are not.
    return isText(said) && /(?:^|\s)\p{L}{2,}(?:\s|$)/u.test(said) ? [said] : [];
  }
  if (node.type === "ConditionalExpression")
    return [...textsIn(node.consequent as Node), ...textsIn(node.alternate as Node)];
  if (node.type === "LogicalExpression") return textsIn(node.right as Node);
  if (node.type === "JSXExpressionContainer") return textsIn(node.expression as Node);
  return [];
}

const nameOf = (named: unknown): string => {
  const { name, value } = (named ?? {}) as { name?: string | { name: string }; value?: string };
  return typeof name === "string" ? name : typeof name === "object" ? nameOf(name) : (value ?? "");
};

/** A skeleton's text is a placeholder, and is not read. */
const isBone = (element: Node) =>
  ((element.openingElement as Node | undefined)?.attributes as Node[] | undefined)?.some(
    ({ name, value }) => nameOf(name) === "class" && (value as { value?: string } | null)?.value === "bone",
  ) ?? false;

function literalsOf(file: string, code = source(file)): string[] {
  const found: string[] = [];
  const note = (texts: string[]) => found.push(...texts.map((text) => `${file}: ${text.trim()}`));
  const visit = (node: Node): void => {
    if (node.type === "JSXElement" && (isBone(node) || CODE.has(nameOf((node.openingElement as Node).name)))) return;
    if (node.type === "JSXText" && isText(node.value)) note([node.value as string]);
    if (node.type === "JSXAttribute" && ATTRIBUTES.includes(nameOf(node.name)))
      note(textsIn(node.value as Node | null));
    if (node.type === "JSXElement" || node.type === "JSXFragment")
      for (const child of node.children as Node[]) if (child.type === "JSXExpressionContainer") note(textsIn(child));
    if (node.type === "Property" && PROPERTIES.includes(nameOf(node.key))) note(textsIn(node.value as Node));
    for (const value of Object.values(node))
      for (const child of Array.isArray(value) ? value : [value])
        if (typeof (child as Node | null)?.type === "string") visit(child as Node);
  };
  visit(parseSync(file, code).program as unknown as Node);
  return found;
}

describe("visible text", () => {
  it("is only in the languages' files", () => {
    expect(files.length).toBeGreaterThan(150);
    expect(files.flatMap((file) => literalsOf(file))).toEqual([]);
  });

  it.each([
    ['<p class="lead">Nothing yet.</p>', "Nothing yet."],
    ['<button aria-label="Close" />', "Close"],
    [`<Field label={known ? \`The key \${name}\` : undefined} />`, "The key …"],
    ['<p>{busy ? "Working" : words.act.save}</p>', "Working"],
    ['({ name: "visits", title: "Visits" })', "Visits"],
  ])("is found in %s", (code, text) => {
    expect(literalsOf("x.tsx", `export const x = ${code};`)).toEqual([`x.tsx: ${text}`]);
  });

  it("that no code uses is in no language", async () => {
    const { default: english } = await LANGUAGES.en.load();
    const code = files.map(source).join("\n");
    const { names: _, states: __, groups: ___, ...groups } = english;
    const texts = Object.entries(groups).flatMap(([group, texts]) =>
      typeof texts === "function" ? [] : Object.keys(texts).map((text) => `words.${group}.${text}`),
    );
    expect(texts.length).toBeGreaterThan(1_000);
    const shown = new Set(code.match(/\bwords\.\w+\.\w+/g));
    expect(texts.filter((text) => !shown.has(text))).toEqual([]);
    // Two similar texts have names that say where each is used, and no numbers.
    expect(texts.filter((text) => /\d$/.test(text))).toEqual([]);
  });
});

describe("the built files of a language", () => {
  const english = source("dashboard/words/en.ts");
  const short = shortWords(english);

  it("have every text once, under the name that the code uses", () => {
    const parts = (["page", "administration"] as const).map((part) => withShortTexts(english, short, part));
    const texts = (code: string) => code.match(/^ {4}\w+:/gm)?.length ?? 0;
    expect(texts(parts.join("\n"))).toBe(texts(english));
    expect(withShortUses("a(words.common.close)", short, "act")).toMatch(/^a\(words\.\w\.\w{1,2}\)$/);
  });

  it("report a missing text, and one that is loaded later than the code that shows it", () => {
    expect(() => withShortUses("words.common.nothingOfTheKind", short, "act")).toThrow("nothingOfTheKind");
    expect(() => withShortUses("words.keys.rotate", short, "headline")).toThrow("loaded with administration alone");
  });
});
