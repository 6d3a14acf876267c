/**
 * Placeholders that were sent in place of a value: a network's macro that nobody filled in, and what scripts and databases write
 * for nothing. All events that carry one look like one person, or like one payment.
 */
import { isFieldName } from "./lookalike.ts";

/** What is between the marks of a macro: a name, perhaps with arguments. `{3f25…}` is an id in braces, `[12]` a number. */
const FILLED = /^[\s\d.,:;/|-]*$|^\s*[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\s*$/i;
const NAME = String.raw`\s*[\p{L}\p{N}_.:$-]+\s*`;

/** How networks, ad servers and template languages mark a macro that is the whole value; the group is what is between. */
const WHOLE: readonly RegExp[] = [
  // {payout}, {{ payout | default: 0 }}, ${payout}, #{payout}, %{payout}, {%payout%}, {_date:Y-m-d H:i:s,Europe/Kyiv}
  /^[$#%@]?\{{1,3}([^{}"]+)\}{1,3}$/u,
  // [payout], [[click id]], [%payout%]
  /^\[{1,2}([^[\]"]+)\]{1,2}$/u,
  // <payout>, <<payout>>, <%= payout %>
  /^<{1,2}([^<>"]+)>{1,2}$/u,
  // %payout%, %%payout%%, #price#, ##click##, $payout$, @payout@
  /^([%#$@]{1,3})([\p{L}\p{N}_.: -]+)\1$/u,
  // __PAYOUT__, !!payout!!, ~~payout~~, ^^payout^^, ||payout||, *|PAYOUT|*, ((payout))
  /^(__|!!|~~|\^\^|\|\|)([\p{L}\p{N}_.:-]+?)\1$/u,
  /^\*\|([^|]+)\|\*$/u,
  /^\(\(([^()]+)\)\)$/u,
];
/** Those that are certain also within a value. */
const WITHIN: readonly RegExp[] = [
  new RegExp(String.raw`[$#%]?\{{1,3}(${NAME})\}{1,3}`, "u"),
  new RegExp(`%%(${NAME})%%|##(${NAME})##`, "u"),
];

/** Encoded once too often, by the network or by a redirect on the way; and escaped as HTML. */
function plain(value: string): string {
  let text = value.replace(/&lt;/gi, "<").replace(/&gt;/gi, ">");
  for (let layer = 0; layer < 3 && /%(?:25)*(?:7b|5b|3c|23|24|25)/i.test(text); layer++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return text.trim();
}

/** A parameter's name from a manual, which was to be replaced: `CLICK_ID`, `order_id`, `ORDERID`, `$payout`, `:payout`. */
const FROM_A_MANUAL = /^(?:[$:@]+[\p{L}\p{N}_.-]+|\p{Lu}+ID|[\p{L}\p{N}]+(?:[_-][\p{L}\p{N}]+)+)$/u;
/** A variable of PHP or Perl, or an instruction. */
const SAYS_SO =
  /^(?:\$\p{L}[\p{L}\p{N}]*(?:[_.][\p{L}\p{N}]+)+|OPTIONAL|REQUIRED|(?:YOUR|INSERT|ENTER|REPLACE)(?:[_-][A-Z\d]+)+)$/u;

const between = (match: RegExpExecArray): string =>
  match
    .slice(1)
    .filter((part) => part !== undefined)
    .at(-1) ?? "";

/** Whether nobody filled in the template from which the value, or a part of it, was made. */
export function isMacro(value: string): boolean {
  const text = plain(value);
  const marked = (pattern: RegExp) => {
    const match = pattern.exec(text);
    return match !== null && !FILLED.test(between(match));
  };
  if (WHOLE.some(marked) || WITHIN.some(marked)) return true;
  return SAYS_SO.test(text) || (FROM_A_MANUAL.test(text) && isFieldName(text));
}

/** A macro in a field that never holds a word: there a name alone is one, too. */
export const isMacroOfNumber = (value: string): boolean => isMacro(value) || isFieldName(value);

/** What programs write for a variable without a value. */
const UNSET = new Set(
  "undefined|null|(null)|<null>|\\n|nil|nan|[object object]|[object undefined]|[object null]|(not set)|not set|not_set".split(
    "|",
  ),
);
/** What names nobody and no payment: PostHog refuses most of these ids, for the people whom they have merged. */
const NOBODY = new Set(
  (
    "none|n/a|#n/a|empty|unknown|undef|true|false|anonymous|anon|guest|not_authenticated|notauthenticated|" +
    "unauthenticated|not logged in|logged out|-1|missing|default|distinct_id|email|id"
  ).split("|"),
);
const normal = (value: string) => value.replace(/^[\s\u200B\uFEFF'"]+|[\s\u200B\uFEFF'"]+$/g, "").toLowerCase();

/** `undefined`, `null` and their like, which are no name of anything. */
export const isUnset = (value: string): boolean => UNSET.has(normal(value));
/** Zeros (also as a UUID or an advertising id), marks alone, and words for nobody. */
export function namesNothing(value: string): boolean {
  const text = normal(value);
  return UNSET.has(text) || NOBODY.has(text) || /^[0\s._/?*–—-]*$/.test(text);
}
