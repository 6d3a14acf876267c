/** What a language has, and what its texts are given to put in. */
import type { ComponentChildren } from "preact";
import type en from "./en.ts";

/** A language that lacks one of the English texts does not compile. */
export type Words = typeof en;

/** Into a text that is one. */
export type Text = string | number;
/** Into a text on the page, which may have elements within it. */
export type Part = ComponentChildren;
