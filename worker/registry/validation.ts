/** Checks values by a schema, and describes the faults in words for the sender. */
import { type OutputUnit, Validator } from "@cfworker/json-schema";
import { guarded, unguarded } from "./pattern.ts";
import type { Rules, Schema } from "./vocabulary.ts";

/** `path` is the place in the value, a key or index for each step. */
export type Violation = { path: string[]; keyword: string; message: string };

export type Check = (value: unknown) => Violation[];

const LISTS = new Set(["prefixItems", "allOf", "anyOf", "oneOf"]);
const MAPS = new Set(["properties", "patternProperties", "dependentSchemas"]);
const SCHEMAS = new Set(["items", "contains", "additionalProperties", "propertyNames", "not", "if", "then", "else"]);
const NOTHING = { not: {} };

/** The schema for the library: with guarded patterns, and with `{ not: {} }` for `false`, so that the library reports its place. */
function prepared(schema: Schema): object {
  if (typeof schema === "boolean") return schema ? {} : structuredClone(NOTHING);
  return Object.fromEntries(
    Object.entries(schema)
      .filter(([, value]) => value !== undefined)
      .map(([keyword, value]) => {
        if (keyword === "pattern") return [keyword, guarded(value as string)];
        if (SCHEMAS.has(keyword)) return [keyword, prepared(value as Schema)];
        if (LISTS.has(keyword)) return [keyword, (value as Schema[]).map(prepared)];
        if (!MAPS.has(keyword)) return [keyword, value];
        const name = keyword === "patternProperties" ? guarded : (text: string) => text;
        return [
          keyword,
          Object.fromEntries(
            Object.entries(value as Record<string, Schema>).map(([key, inner]) => [name(key), prepared(inner)]),
          ),
        ];
      }),
  );
}

/** Errors of these keywords only repeat errors of inner schemas, which have the reason. */
const PASSING = new Set(
  "properties patternProperties additionalProperties items prefixItems allOf if dependentSchemas".split(" "),
);
/** Faults below these keywords are of no use to a sender. */
const OPAQUE: Readonly<Record<string, string>> = {
  anyOf: "anyOf",
  oneOf: "oneOf",
  propertyNames: "propertyNames",
  contains: "contains",
  minContains: "contains",
  maxContains: "contains",
};

const steps = (pointer: string): string[] =>
  pointer
    .split("/")
    .slice(1)
    .map((step) => decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~"));

const parentOf = (pointer: string): string => pointer.slice(0, pointer.lastIndexOf("/"));

function follow(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const step of path)
    found =
      typeof found === "object" && found !== null && Object.hasOwn(found, step)
        ? (found as Record<string, unknown>)[step]
        : undefined;
  return found;
}

export function compile(schema: Schema): Check {
  const whole = prepared(schema);
  const validator = new Validator(whole, "2020-12", false);
  return (value) => {
    const { valid, errors } = validator.validate(value);
    if (valid) return [];
    const below = errors
      .filter(({ keyword }) => OPAQUE[keyword] !== undefined)
      .map(({ keyword, keywordLocation }) => `${parentOf(keywordLocation)}/${OPAQUE[keyword]}/`);
    const violations = errors
      .filter(
        ({ keyword, keywordLocation }) =>
          !PASSING.has(keyword) && !below.some((place) => keywordLocation.startsWith(place)),
      )
      .flatMap((error) => violationsOf(error, whole, value));
    const seen = new Set<string>();
    return violations.filter(({ path, message }) => {
      const key = JSON.stringify([path, message]);
      return !seen.has(key) && seen.add(key);
    });
  };
}

/** Whether a schema accepts a value. */
export const accepts = (schema: Schema, value: unknown): boolean => compile(schema)(value).length === 0;

function violationsOf(
  { keyword, keywordLocation, instanceLocation }: OutputUnit,
  whole: object,
  value: unknown,
): Violation[] {
  const path = steps(instanceLocation);
  const rules = (follow(whole, steps(parentOf(keywordLocation))) ?? {}) as Rules;
  const given = follow(value, path);
  const lacks = (name: string) => typeof given === "object" && given !== null && !Object.hasOwn(given, name);
  switch (keyword) {
    case "required":
      return (rules.required ?? [])
        .filter(lacks)
        .map((name) => ({ path: [...path, name], keyword, message: "is required" }));
    case "dependentRequired":
      return Object.entries(rules.dependentRequired ?? {})
        .filter(([name]) => !lacks(name))
        .flatMap(([name, others]) =>
          others
            .filter(lacks)
            .map((other) => ({ path: [...path, other], keyword, message: `is required beside ${name}` })),
        );
    case "propertyNames":
      return [{ path, keyword, message: "has a key whose name is not allowed" }];
    default:
      return [{ path, keyword, message: words(keyword, rules) }];
  }
}

const ARTICLE: Readonly<Record<string, string>> = {
  null: "null",
  boolean: "true or false",
  integer: "a whole number",
  number: "a number",
  string: "text",
  array: "a list",
  object: "an object",
};

const brief = (text: string): string => (text.length <= 200 ? text : `${text.slice(0, 199)}…`);
const listed = (values: readonly unknown[]): string => brief(values.map((value) => JSON.stringify(value)).join(", "));

function words(keyword: string, rules: Rules): string {
  switch (keyword) {
    case "type":
      return `must be ${(rules.type ?? []).map((type) => ARTICLE[type]).join(" or ")}`;
    case "enum":
      return `must be ${rules.enum?.length === 1 ? "" : "one of "}${listed(rules.enum ?? [])}`;
    case "minimum":
      return `must be at least ${rules.minimum}`;
    case "maximum":
      return `must be at most ${rules.maximum}`;
    case "exclusiveMinimum":
      return `must be more than ${rules.exclusiveMinimum}`;
    case "exclusiveMaximum":
      return `must be less than ${rules.exclusiveMaximum}`;
    case "multipleOf":
      return `must be a multiple of ${rules.multipleOf}`;
    case "minLength":
      return `must have at least ${rules.minLength} characters`;
    case "maxLength":
      return `must have at most ${rules.maxLength} characters`;
    case "pattern":
      return `must match ${unguarded(rules.pattern ?? "")}`;
    case "format":
      return `must be of the format ${rules.format}`;
    case "minItems":
      return `must have at least ${rules.minItems} items`;
    case "maxItems":
      return `must have at most ${rules.maxItems} items`;
    case "uniqueItems":
      return "must not have the same item twice";
    case "contains":
    case "minContains":
      return `must have at least ${rules.minContains ?? 1} items of a certain kind`;
    case "maxContains":
      return `must have at most ${rules.maxContains} items of a certain kind`;
    case "minProperties":
      return `must have at least ${rules.minProperties} keys`;
    case "maxProperties":
      return `must have at most ${rules.maxProperties} keys`;
    case "anyOf":
      return "fits none of the alternatives";
    case "oneOf":
      return "must fit exactly one of the alternatives";
    case "not":
      return typeof rules.not === "object" && Object.keys(rules.not).length === 0
        ? "is not allowed"
        : "is what is not allowed";
    default:
      return "is not allowed";
  }
}
