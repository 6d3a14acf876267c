/**
 * All visible text in the language of the reader. Each language is a file of words/, and a browser loads one of them.
 * Modules that import this run after the language is loaded, so their constants may contain texts.
 */
import type { Words } from "./words/text.ts";

type Load = () => Promise<{ default: Words }>;
/** `later` is there in what is built: texts of administration are a piece of their own. */
type Known = { called: string; region: string; load: Load; later?: Load };

/** By the language tags of browsers. `region` is for dates and numbers if the browser names none. */
export const LANGUAGES = {
  en: { called: "English", region: "en-GB", load: () => import("./words/en.ts") },
  de: { called: "Deutsch", region: "de-DE", load: () => import("./words/de.ts") },
  es: { called: "Español", region: "es-ES", load: () => import("./words/es.ts") },
} as const satisfies Record<string, Known>;

export type Language = keyof typeof LANGUAGES;
const isLanguage = (name: string | null | undefined): name is Language =>
  name != null && Object.hasOwn(LANGUAGES, name);

/** The base of a tag, which may name a region: `de-AT` is `de`. */
const baseOf = (tag: string) => tag.split("-")[0];

const tags: readonly string[] = typeof navigator === "undefined" ? [] : navigator.languages;

function chosen(): string | null {
  // Outside of a browser, as in tests, any language will do.
  if (typeof document === "undefined") return "en";
  try {
    return localStorage.getItem("language");
  } catch {
    // Storage is disabled: the browser's languages decide.
    return null;
  }
}

/** The language that was chosen here, else the first of the browser's languages that exists. */
const asked = chosen();
export const language: Language = isLanguage(asked) ? asked : (tags.map(baseOf).find(isLanguage) ?? "en");

/** The language as the reader's region writes it. */
export const locale: string = tags.find((tag) => baseOf(tag) === language) ?? LANGUAGES[language].region;

export function chooseLanguage(name: Language): void {
  localStorage.setItem("language", name);
  // Texts are read when the code is loaded.
  location.reload();
}

const { load, later }: Known = LANGUAGES[language];
export const words: Words = (await load()).default;

/** Loads the texts of administration. */
export async function administrationWords(): Promise<void> {
  if (later) Object.assign(words, (await later()).default);
}
