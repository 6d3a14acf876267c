/**
 * Whether a new schema accepts every value that the old one accepts. Types, lists of values, limits, and the values in objects
 * and lists are compared; all other keywords must not change. A change that passes is safe; some safe changes do not pass.
 *
 * `before` is a list of schemas, all of which have accepted the value: several can apply to the same place.
 */
import { accepts } from "./validation.ts";
import { below, canonical, type Fault, type Places, type Rules, type Schema, type Type } from "./vocabulary.ts";

/** Numbers are divided into integers and fractions, so that each value has exactly one kind. */
type Kind = Exclude<Type, "number"> | "fraction";
const KINDS: readonly Kind[] = ["null", "boolean", "integer", "fraction", "string", "array", "object"];
const KIND_NAMES: Readonly<Record<Kind, string>> = {
  null: "null",
  boolean: "true and false",
  integer: "whole numbers",
  fraction: "numbers that are not whole",
  string: "text",
  array: "lists",
  object: "objects",
};

const MOST_FAULTS = 20;

/** Keywords that are not compared, and the kinds of values that they restrict. Keywords in one entry only have a meaning together. */
const NOT_COMPARED: readonly { kinds: Kind[]; keywords: (keyof Rules)[] }[] = [
  { kinds: [...KINDS], keywords: ["anyOf"] },
  { kinds: [...KINDS], keywords: ["oneOf"] },
  { kinds: [...KINDS], keywords: ["not"] },
  { kinds: [...KINDS], keywords: ["if", "then", "else"] },
  { kinds: ["integer", "fraction"], keywords: ["multipleOf"] },
  { kinds: ["string"], keywords: ["pattern"] },
  { kinds: ["string"], keywords: ["format"] },
  { kinds: ["array"], keywords: ["uniqueItems"] },
  { kinds: ["array"], keywords: ["contains", "minContains", "maxContains"] },
  { kinds: ["object"], keywords: ["patternProperties"] },
  { kinds: ["object"], keywords: ["propertyNames"] },
  { kinds: ["object"], keywords: ["dependentRequired"] },
  { kinds: ["object"], keywords: ["dependentSchemas"] },
];
const NOT_COMPARABLE =
  "was added or is another, and is not compared: register with compatibility=none if it accepts as much as before";

/** The places in `after` that refuse, or may refuse, what `before` accepts. None: it is compatible. */
export function incompatibilities(before: Schema, after: Schema, places: Places): Fault[] {
  const known = conjunction([before]);
  if (known === null) return [];
  const seen = new Set<string>();
  return narrowings(known, after, "#", places)
    .filter(({ pointer }) => !seen.has(pointer) && seen.add(pointer))
    .slice(0, MOST_FAULTS);
}

/** All rules that hold for a value that these schemas accept; null where they accept no value. */
function conjunction(schemas: readonly Schema[]): Rules[] | null {
  const all: Rules[] = [];
  for (const schema of schemas) {
    if (schema === true) continue;
    if (schema === false) return null;
    const { allOf = [], ...ownRules } = schema;
    const inner = conjunction(allOf);
    if (inner === null) return null;
    all.push(ownRules, ...inner);
  }
  return kindsOf(all).size === 0 ? null : all;
}

function kindsOf(all: readonly Rules[]): Set<Kind> {
  return all.reduce((kinds, { type }) => {
    if (type === undefined) return kinds;
    const kindsOfType = type.flatMap((one): Kind[] => (one === "number" ? ["integer", "fraction"] : [one]));
    return kinds.intersection(new Set(kindsOfType));
  }, new Set(KINDS));
}

/** The values that are accepted, where they can be counted. */
function valuesOf(all: readonly Rules[]): unknown[] | null {
  const kinds = kindsOf(all);
  const few = kinds.isSubsetOf(new Set<Kind>(["null", "boolean"])) ? [null, true, false] : undefined;
  const candidates = all.find((rules) => rules.enum !== undefined)?.enum ?? few;
  return candidates?.filter((value) => accepts({ allOf: [...all] }, value)) ?? null;
}

const most = (numbers: (number | undefined)[]): number =>
  Math.max(Number.NEGATIVE_INFINITY, ...numbers.filter((number) => number !== undefined));
const least = (numbers: (number | undefined)[]): number =>
  Math.min(Number.POSITIVE_INFINITY, ...numbers.filter((number) => number !== undefined));

/** The schemas for a property of this name. */
function ofProperty(rules: Rules, name: string): Schema[] {
  const ofProperties =
    rules.properties && Object.hasOwn(rules.properties, name) ? [rules.properties[name] as Schema] : [];
  const matching = Object.entries(rules.patternProperties ?? {}).flatMap(([pattern, schema]) =>
    accepts({ pattern }, name) ? [schema] : [],
  );
  const named = [...ofProperties, ...matching];
  return named.length > 0 ? named : rules.additionalProperties === undefined ? [] : [rules.additionalProperties];
}

const ofItem = (rules: Rules, index: number): Schema => rules.prefixItems?.[index] ?? rules.items ?? true;

/** Whether these keywords are the same in both rules. */
const areSame = (one: Rules, other: Rules, keywords: readonly (keyof Rules)[]): boolean =>
  keywords.every((keyword) => canonical(one[keyword] ?? null) === canonical(other[keyword] ?? null));

function narrowings(before: Rules[], after: Schema, at: string, places: Places): Fault[] {
  if (after === true) return [];
  if (after === false) return [{ pointer: at, message: "nothing is accepted any more" }];
  const here = places.get(after) ?? at;
  const values = valuesOf(before);
  if (values !== null) {
    const lost = values.filter((value) => !accepts(after, value));
    if (lost.length === 0) return [];
    const pointer = after.enum === undefined ? here : below(here, "enum");
    const lostText = lost.map((value) => JSON.stringify(value)).join(", ");
    return [{ pointer, message: `no longer accepts ${lostText.slice(0, 200)}` }];
  }
  const kinds = kindsOf(before);
  const lost = kinds.difference(kindsOf([after]));
  const checks: Check[] = [
    [lost.size === 0, "type", `no longer accepts ${[...lost].map((kind) => KIND_NAMES[kind]).join(", ")}`],
    [after.enum === undefined, "enum", "accepts these values only, and there were others"],
    ...(kinds.has("integer") || kinds.has("fraction") ? numberChecks(before, after) : []),
    ...(kinds.has("string") ? countChecks(before, after, "minLength", "maxLength", 0) : []),
    ...(kinds.has("array") ? countChecks(before, after, "minItems", "maxItems", 0) : []),
    ...NOT_COMPARED.filter((one) => one.kinds.some((kind) => kinds.has(kind))).map(({ keywords }): Check => {
      const given = keywords.find((keyword) => after[keyword] !== undefined);
      const isSame = given === undefined || before.some((rules) => areSame(rules, after, keywords));
      return [isSame, given ?? "", NOT_COMPARABLE];
    }),
  ];
  return [
    ...checks.flatMap(([holds, keyword, message]) => (holds ? [] : [{ pointer: below(here, keyword), message }])),
    ...(kinds.has("array") ? itemFaults(before, after, here, places) : []),
    ...(kinds.has("object") ? propertyFaults(before, after, here, places) : []),
    ...(after.allOf ?? []).flatMap((schema, index) =>
      narrowings(before, schema, below(below(here, "allOf"), index), places),
    ),
  ];
}

/** Whether the check holds; otherwise the keyword that breaks it, and why. */
type Check = [holds: boolean, keyword: string, message: string];

function countChecks(
  before: Rules[],
  after: Rules,
  from: "minLength" | "minItems" | "minProperties",
  to: "maxLength" | "maxItems" | "maxProperties",
  implied: number,
): Check[] {
  const lowest = Math.max(implied, most(before.map((rules) => rules[from])));
  const highest = least(before.map((rules) => rules[to]));
  return [
    [(after[from] ?? 0) <= lowest, from, `was raised from ${lowest}`],
    [(after[to] ?? Number.POSITIVE_INFINITY) >= highest, to, `was lowered from ${highest}`],
  ];
}

function numberChecks(before: Rules[], { minimum, exclusiveMinimum, maximum, exclusiveMaximum }: Rules): Check[] {
  const lowest = most(before.flatMap((rules) => [rules.minimum, rules.exclusiveMinimum]));
  const highest = least(before.flatMap((rules) => [rules.maximum, rules.exclusiveMaximum]));
  const without = {
    lowest: before.some((rules) => rules.exclusiveMinimum === lowest),
    highest: before.some((rules) => rules.exclusiveMaximum === highest),
  };
  const [raised, lowered] = [`was raised from ${lowest}`, `was lowered from ${highest}`];
  return [
    [minimum === undefined || minimum <= lowest, "minimum", raised],
    [
      exclusiveMinimum === undefined || exclusiveMinimum < lowest || (exclusiveMinimum === lowest && without.lowest),
      "exclusiveMinimum",
      raised,
    ],
    [maximum === undefined || maximum >= highest, "maximum", lowered],
    [
      exclusiveMaximum === undefined || exclusiveMaximum > highest || (exclusiveMaximum === highest && without.highest),
      "exclusiveMaximum",
      lowered,
    ],
  ];
}

function itemFaults(before: Rules[], after: Rules, here: string, places: Places): Fault[] {
  const longest = least(before.map((rules) => rules.maxItems));
  const known = most([...before, after].map((rules) => rules.prefixItems?.length ?? 0));
  const faults: Fault[] = [];
  // The first item after those of `prefixItems` represents all that follow.
  for (let index = 0; index <= known && index < longest; index++) {
    const item = conjunction(before.map((rules) => ofItem(rules, index)));
    const isNamed = after.prefixItems?.[index] !== undefined;
    const at = isNamed ? below(below(here, "prefixItems"), index) : below(here, "items");
    if (item !== null) faults.push(...narrowings(item, ofItem(after, index), at, places));
  }
  return faults;
}

function propertyFaults(before: Rules[], after: Rules, here: string, places: Places): Fault[] {
  const required = new Set(before.flatMap((rules) => rules.required ?? []));
  const faults: Fault[] = [];
  for (const [index, name] of (after.required ?? []).entries())
    if (!required.has(name))
      faults.push({ pointer: below(below(here, "required"), index), message: `${name} was not required` });
  for (const [holds, keyword, message] of countChecks(before, after, "minProperties", "maxProperties", required.size))
    if (!holds) faults.push({ pointer: below(here, keyword), message });

  const names = new Set([...before, after].flatMap((rules) => Object.keys(rules.properties ?? {})));
  for (const name of names) {
    const value = conjunction(before.flatMap((rules) => ofProperty(rules, name)));
    if (value === null) continue;
    const at = below(below(here, "properties"), name);
    for (const schema of ofProperty(after, name))
      faults.push(
        ...(schema === false
          ? [{ pointer: at, message: `${name} was accepted and is no longer` }]
          : narrowings(value, schema, at, places)),
      );
  }

  const { additionalProperties = true } = after;
  // Values of other keys can be compared only between rules with the same `patternProperties`.
  const isCovered = before.some((rules) => {
    const value = areSame(rules, after, ["patternProperties"]) && conjunction([rules.additionalProperties ?? true]);
    return value === null || (value !== false && narrowings(value, additionalProperties, "", places).length === 0);
  });
  if (additionalProperties !== true && !isCovered)
    faults.push({
      pointer: below(here, "additionalProperties"),
      message: "other keys were accepted, or more in them",
    });
  return faults;
}
