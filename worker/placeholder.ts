/**
 * Placeholders that were sent in place of a value: a network's macro that was not filled in, and what scripts and databases
 * write for a missing value. All events with the same placeholder look like one person, or like one payment.
 */
import { isFieldName } from "./lookalike.ts";

/** What is between the marks of a macro: a name, perhaps with arguments. `{3f25…}` is an id in braces, `[12]` a number. */
const FILLED = /^[\s\d.,:;/|-]*$|^\s*[0-9a-f]{8}(?:-?[0-9a-f]{4}){3}-?[0-9a-f]{12}\s*$/i;
const NAME = String.raw`\s*[\p{L}\p{N}_.:$-]+\s*`;
/** What formats of programs write where a value is to be put: `%s`, `%1$s`, `%(click_id)s`, `{0}`; ad servers' `%c` and `%ecid!`. */
const OF_A_FORMAT = /^(?:%(?:\d\$|\([\w.]+\))?[a-z@]|%[a-z]{2,5}!|\{\d?\})$/i;

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
/** Marks that are recognised also within a value. */
const WITHIN: readonly RegExp[] = [
  new RegExp(String.raw`[$#%]?\{{1,3}(${NAME})\}{1,3}`, "u"),
  new RegExp(`%%(${NAME})%%|##(${NAME})##`, "u"),
];

/** Values that were encoded once too often, by the network or by a redirect; and values escaped as HTML or JSON. */
function plain(value: string): string {
  // Most values are plain, and each event has several.
  if (!/[^ -~]|[%&\\]/.test(value)) return value.trim();
  let text = value
    .replace(/&(?:(lt|#0*60|#x0*3c)|(?:gt|#0*62|#x0*3e));/gi, (_, opens) => (opens ? "<" : ">"))
    .replace(/&(?:(lbrace|lcub|#0*123|#x0*7b)|(?:rbrace|rcub|#0*125|#x0*7d));/gi, (_, opens) => (opens ? "{" : "}"))
    .replace(/\\u00([0-7][0-9a-f])/gi, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
    .normalize("NFKC");
  for (let layer = 0; layer < 3 && /%(?:25)*(?:7b|5b|3c|23|24|25)/i.test(text); layer++) {
    try {
      text = decodeURIComponent(text);
    } catch {
      break;
    }
  }
  return text.trim();
}

/** A parameter's name from a manual, which was to be replaced: `CLICK_ID`, `order_id`, `clickid`, `$payout`, `:payout`. */
const FROM_A_MANUAL = /^(?:[$:@]+[\p{L}\p{N}_.-]+|\p{Lu}+ID|\p{L}{3,}[iI][dD]|[\p{L}\p{N}]+(?:[_-][\p{L}\p{N}]+)+)$/u;
/** A variable of PHP or Perl, or an instruction. */
const SAYS_SO =
  /^(?:\$\p{L}[\p{L}\p{N}]*(?:[_.][\p{L}\p{N}]+)+|OPTIONAL|REQUIRED|(?:YOUR|INSERT|ENTER|REPLACE)(?:[_-][A-Z\d]+)+)$/u;
/** An instruction with the name of what to put there: `your_click_id`, `yourPlayerId`, `insert-order-id-here`. */
const INSTRUCTION = /^(?:your|insert|enter|put|replace(?:[\s_-]*with)?)[\s_-]*(.+?)(?:[\s_-]*here)?$/iu;

/** No name in a manual is longer. */
const LONGEST_NAME = 80;

/** Any marks of a macro around a name, also where one of the two was lost: `(click_id)`, `{click_id`, `«clickid»`. */
const MARKED = /^([^\p{L}\p{N}]*)(.*?)([^\p{L}\p{N}]*)$/su;
const OPENS = /[([{<«‹%#=|^~+*\\]/u;
const CLOSES = /[)\]}>»›%#=|^~+*]/u;
function isMarkedName(text: string): boolean {
  if (!/^[^\p{L}\p{N}]|[^\p{L}\p{N}]$/u.test(text)) return false;
  const [, before = "", name = "", after = ""] = MARKED.exec(text) ?? [];
  if (before + after === "" || !isFieldName(name)) return false;
  return FROM_A_MANUAL.test(name) || OPENS.test(before) || (before === "" && CLOSES.test(after));
}
/** Names of parameters with marks around them, within a value: `[click_id]-[sub_id]`, `x%click_id%`. */
const NAMES_WITHIN = /[[(<«]([\p{L}\p{N}_-]+)[\])>»]|([#%$@])([\p{L}\p{N}_-]+)\2/gu;
const holdsMarkedName = (text: string) =>
  /[[(<«#%$@]/.test(text) &&
  [...text.matchAll(NAMES_WITHIN)].some(([, bracketed, , marked]) => isNamed(bracketed ?? marked ?? ""));

const isNamed = (text: string) => FROM_A_MANUAL.test(text) && isFieldName(text);

const between = (match: RegExpExecArray): string =>
  match
    .slice(1)
    .filter((part) => part !== undefined)
    .at(-1) ?? "";

/** Whether the value, or a part of it, is a template that was not filled in. */
export function isMacro(value: string): boolean {
  const text = plain(value);
  const marked = (pattern: RegExp) => {
    const match = pattern.exec(text);
    return match !== null && !FILLED.test(between(match));
  };
  const hasMarks = /[^A-Za-z\d. -]/.test(text);
  if (hasMarks && (WHOLE.some(marked) || WITHIN.some(marked) || OF_A_FORMAT.test(text) || holdsMarkedName(text)))
    return true;
  if (SAYS_SO.test(text) || isNamed(text)) return true;
  return text.length <= LONGEST_NAME && (isMarkedName(text) || isFieldName(INSTRUCTION.exec(text)?.[1] ?? ""));
}

/** A macro in a field that never holds a word: there a name alone is one, too. */
export const isMacroOfNumber = (value: string): boolean => isMacro(value) || isFieldName(value);

/** What programs write for a variable without a value. */
const UNSET = new Set(
  (
    "undefined|null|(null)|<null>|\\n|nil|(nil)|nan|[object object]|[object undefined]|[object null]|(not set)|not set|not_set|" +
    // Errors of spreadsheets.
    "#ref!|#value!|#name?|#num!|#null!|#div/0!|#n/a|#error!"
  ).split("|"),
);
/** Several of them together, and what a template made with one: `null,null`, `brand-undefined`, `user_null`. Null is also a surname. */
const JOINED =
  /^(?:(?:undefined|null|nan|none)(?:[\s_.,:;|/-]*(?=.)|$)){2,}$|(?:^|[\s_.,:;|/-])(?:undefined|\[object object\])$|(?:id|u|p|user|player|visitor|account|customer|client|order|tx|txn|transaction)[_.:/-](?:null|nan)$/;
/** Values that name nobody and no payment. PostHog refuses most of these as ids, because they would merge people. */
const NOBODY = new Set(
  (
    "none|(none)|n/a|na|n.a.|empty|unknown|undef|true|false|anonymous|anon|guest|not authenticated|notauthenticated|" +
    "unauthenticated|not logged in|logged out|-1|missing|default|distinct id|email|id|string|nobody|no user|" +
    "anonymous user|anonymoususer|guest user|unknown user|unidentified|not available|unavailable|" +
    "not provided|(not provided)|redacted|" +
    // Names that sites give a visitor who is not signed in.
    "gast|invitado|invité|ospite|convidado|гость|аноним|gość|ゲスト|游客|访客|" +
    // Ids that many devices share: emulators of Android, and what its later versions say for an address.
    "9774d56d682e549c|02:00:00:00:00:00|ffffffff ffff ffff ffff ffffffffffff|xxxxxxxx xxxx xxxx xxxx xxxxxxxxxxxx"
  ).split("|"),
);
/** A long number as a spreadsheet shows it, `7.65612E+16`: its last digits, which distinguish it from others, are gone. */
const OF_A_SPREADSHEET = /^\d(?:[.,]\d+)?e\+\d+$/;
/** What testers and documents write for the id of a payment. */
const NO_PAYMENT = /^(?:tests?|testing|demo|examples?|samples?|todo|tbd|x{3,16}|\.{3}|order|transaction|payment)$/;
const normal = (value: string) =>
  (/[^ -~]/.test(value) ? value.normalize("NFKC") : value)
    .replace(/^[\s\u200B\uFEFF'"]+|[\s\u200B\uFEFF'"]+$/g, "")
    .toLowerCase();

/** `undefined`, `null` and their like, which are no name of anything. */
export const isUnset = (value: string): boolean => UNSET.has(normal(value));
/** Zeros (also as a UUID or an advertising id), marks alone, and words for nobody. */
export function namesNothing(value: string): boolean {
  const text = normal(value);
  if (UNSET.has(text) || NOBODY.has(text) || NOBODY.has(text.replace(/[_-]/g, " "))) return true;
  return (
    (/null|nan|none|undefined|object/.test(text) && JOINED.test(text)) ||
    OF_A_SPREADSHEET.test(text) ||
    /^(?:0x0+|[0\s\p{P}\p{Sm}\p{Sk}\p{Sc}]*)$/u.test(text)
  );
}
/** What does not distinguish one payment, or one click, from another. */
export const namesNoPayment = (value: string): boolean =>
  namesNothing(value) || NO_PAYMENT.test(normal(value)) || isMacroOfNumber(value);
