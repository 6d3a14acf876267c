/**
 * Which JSON Schemas are accepted: the keywords that mean the same in drafts 07 and 2020-12, all of which are checked.
 * A keyword that is not supported is refused with its place, never ignored. References are replaced here by the schemas that they
 * refer to, so that no other code has to know them.
 */
import { fields } from "../event.ts";
import { patternFault } from "./pattern.ts";

export const TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"] as const;
export type Type = (typeof TYPES)[number];

/** A schema without references and annotations, in only one of the spellings that mean the same. */
export type Schema = boolean | Rules;
export type Rules = {
  type?: Type[];
  /** `const` becomes a list of one value. */
  enum?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  minItems?: number;
  maxItems?: number;
  uniqueItems?: boolean;
  prefixItems?: Schema[];
  items?: Schema;
  contains?: Schema;
  minContains?: number;
  maxContains?: number;
  minProperties?: number;
  maxProperties?: number;
  required?: string[];
  properties?: Record<string, Schema>;
  patternProperties?: Record<string, Schema>;
  additionalProperties?: Schema;
  propertyNames?: Schema;
  dependentRequired?: Record<string, string[]>;
  dependentSchemas?: Record<string, Schema>;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  not?: Schema;
  if?: Schema;
  then?: Schema;
  else?: Schema;
};

/** A fault at a place in a schema: a JSON pointer as a URI fragment, `#` for the whole schema. */
export type Fault = { pointer: string; message: string };

/** Where each of the rules is in the document that was registered. */
export type Places = WeakMap<Rules, string>;
export type SchemaReading = { ok: true; schema: Schema; places: Places } | { ok: false; faults: Fault[] };

export const SCHEMA_BYTES = 32 * 1024;
const DEPTH = 16;
/** Counted after references are replaced: with a few definitions that each use another twice, the schema grows exponentially. */
const MOST_SCHEMAS = 2_000;
const MOST_FAULTS = 20;

export const FORMATS: ReadonlySet<string> = new Set([
  "date-time",
  "date",
  "time",
  "duration",
  "email",
  "hostname",
  "ipv4",
  "ipv6",
  "uri",
  "uri-reference",
  "uuid",
]);

const DRAFTS: Readonly<Record<string, "07" | "2020-12">> = {
  "https://json-schema.org/draft/2020-12/schema": "2020-12",
  "http://json-schema.org/draft-07/schema": "07",
  "http://json-schema.org/draft-07/schema#": "07",
};

const ANNOTATIONS = new Set(
  "$schema $id $comment title description default examples deprecated readOnly writeOnly".split(" "),
);
const COUNTS = new Set(
  "minLength maxLength minItems maxItems minContains maxContains minProperties maxProperties".split(" "),
);
const LIMITS = new Set("minimum maximum exclusiveMinimum exclusiveMaximum".split(" "));
/** Keywords with a schema for the value itself. */
const IN_PLACE = new Set("not if then else".split(" "));
const IN_PLACE_LISTS = new Set("allOf anyOf oneOf".split(" "));
/** Keywords with a schema for the values inside of it. */
const INNER = new Set("items contains additionalProperties propertyNames".split(" "));
const DEFINITIONS = new Set("$defs definitions".split(" "));
/** Draft 07 does not have these keywords and would ignore them. */
const NEW_IN_2020_12 = new Set(
  "prefixItems minContains maxContains dependentRequired dependentSchemas $defs".split(" "),
);
const INSTEAD: Readonly<Record<string, string>> = {
  dependencies: "say dependentRequired or dependentSchemas, with draft 2020-12",
  additionalItems: "say prefixItems and items, with draft 2020-12",
  unevaluatedProperties: "say additionalProperties",
  unevaluatedItems: "say items",
};

/** Fields that are decided by the request, before its event is checked by a schema. */
const SETTLED: readonly string[] = ["project_id", "sent_at"];
/** The fields at the top of an event; every other key goes to `data`. */
export const EVENT_FIELDS: ReadonlySet<string> = new Set(
  Object.keys(fields).filter((field) => !SETTLED.includes(field)),
);

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string") && new Set(value).size === value.length;

/** A pointer with one more step. */
export const below = (pointer: string, step: string | number): string =>
  `${pointer}/${encodeURI(String(step).toWellFormed().replaceAll("~", "~0").replaceAll("/", "~1")).replaceAll("#", "%23")}`;

/** The same text for the same JSON in any order of keys. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (!isObject(value)) return JSON.stringify(value);
  const keys = Object.keys(value).filter((key) => value[key] !== undefined);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`)
    .join(",")}}`;
}

/** Reads a schema of an event. `event: false` reads any schema at all. */
export function readSchema(document: unknown, { event = true } = {}): SchemaReading {
  const faults: Fault[] = [];
  const places: Places = new WeakMap();
  const root = isObject(document) ? document : {};
  const draft = root.$schema === undefined ? "2020-12" : DRAFTS[String(root.$schema)];
  let schemas = 0;

  const refuse = (pointer: string, message: string) => {
    if (faults.length < MOST_FAULTS && !faults.some((fault) => fault.pointer === pointer))
      faults.push({ pointer, message });
  };

  /** `ofEvent`: whether the rules are about the event itself and not about a value in it. */
  type Where = { at: string; depth: number; ofEvent: boolean; through: readonly string[] };

  function read(given: unknown, where: Where): Schema {
    const { at, depth, ofEvent } = where;
    if (typeof given === "boolean") return given;
    if (!isObject(given)) {
      refuse(at, "must be a schema: an object, true or false");
      return true;
    }
    if (depth > DEPTH) {
      refuse(at, `nests more than ${DEPTH} deep`);
      return true;
    }
    if (++schemas > MOST_SCHEMAS) {
      if (schemas === MOST_SCHEMAS + 1) refuse(at, `has more than ${MOST_SCHEMAS} schemas in it, references included`);
      return true;
    }
    const inner = (value: unknown, step: string, more: Partial<Where> = {}) =>
      read(value, { ...where, at: below(at, step), depth: depth + 1, ...more });
    const list = (value: unknown, keyword: string, more: Partial<Where> = {}) => {
      if (Array.isArray(value) && value.length > 0)
        return value.map((item, index) =>
          read(item, { ...where, at: below(below(at, keyword), index), depth: depth + 1, ...more }),
        );
      refuse(below(at, keyword), "must be a list of schemas");
      return undefined;
    };
    const map = (value: unknown, keyword: string, more: Partial<Where> = {}) => {
      if (isObject(value))
        return Object.fromEntries(
          Object.entries(value).map(([name, item]) => [
            name,
            read(item, { ...where, at: below(below(at, keyword), name), depth: depth + 1, ...more }),
          ]),
        );
      refuse(below(at, keyword), "must be an object of schemas");
      return undefined;
    };
    const within = { ofEvent: false } as const;

    const rules: Record<string, unknown> = {};
    const all: Schema[] = [];
    for (const [keyword, value] of Object.entries(given)) {
      const here = below(at, keyword);
      if (draft === "07" && NEW_IN_2020_12.has(keyword)) {
        refuse(here, `${keyword} is not of draft 07; set $schema to draft 2020-12`);
      } else if (ANNOTATIONS.has(keyword)) {
        if ((keyword === "$id" || keyword === "$schema") && at !== "#")
          refuse(here, `${keyword} can only stand at the top`);
      } else if (COUNTS.has(keyword)) {
        if (Number.isSafeInteger(value) && (value as number) >= 0) rules[keyword] = value;
        else refuse(here, "must be a whole number, 0 or more");
      } else if (LIMITS.has(keyword)) {
        if (typeof value === "number" && Number.isFinite(value)) rules[keyword] = value;
        else refuse(here, "must be a number");
      } else if (IN_PLACE.has(keyword)) {
        rules[keyword] = inner(value, keyword);
      } else if (IN_PLACE_LISTS.has(keyword)) {
        rules[keyword] = list(value, keyword);
      } else if (INNER.has(keyword)) {
        if (Array.isArray(value)) refuse(here, "must be one schema; say prefixItems for a list, with draft 2020-12");
        else rules[keyword] = inner(value, keyword, within);
      } else if (DEFINITIONS.has(keyword)) {
        if (at === "#") map(value, keyword, within);
        else refuse(here, `${keyword} can only stand at the top`);
      } else {
        switch (keyword) {
          case "type": {
            const types = Array.isArray(value) ? value : [value];
            if (types.length > 0 && types.every((type) => (TYPES as readonly unknown[]).includes(type)))
              rules.type = types;
            else refuse(here, `must be of ${TYPES.join(", ")}`);
            break;
          }
          case "const":
            all.push(placed({ enum: [value] }, at));
            break;
          case "enum":
            if (Array.isArray(value) && value.length > 0) rules.enum = value;
            else refuse(here, "must be a list of values");
            break;
          case "multipleOf":
            if (typeof value === "number" && Number.isFinite(value) && value > 0) rules.multipleOf = value;
            else refuse(here, "must be a number above 0");
            break;
          case "uniqueItems":
            if (typeof value === "boolean") rules.uniqueItems = value;
            else refuse(here, "must be true or false");
            break;
          case "pattern": {
            const fault = typeof value === "string" ? patternFault(value) : "must be text";
            if (fault === null) rules.pattern = value;
            else refuse(here, fault);
            break;
          }
          case "format":
            if (typeof value === "string" && FORMATS.has(value)) rules.format = value;
            else refuse(here, `is not a format that is checked; those are ${[...FORMATS].join(", ")}`);
            break;
          case "required":
            if (!isTexts(value)) refuse(here, "must be a list of different names");
            else {
              rules.required = value;
              if (ofEvent)
                for (const [index, name] of value.entries())
                  if (!EVENT_FIELDS.has(name)) refuse(below(here, index), notOfEvent(name));
            }
            break;
          case "prefixItems":
            rules.prefixItems = list(value, keyword, within);
            break;
          case "properties":
          case "patternProperties":
            rules[keyword] = map(value, keyword, within);
            break;
          case "dependentSchemas":
            rules.dependentSchemas = map(value, keyword);
            break;
          case "dependentRequired":
            if (isObject(value) && Object.values(value).every(isTexts)) rules.dependentRequired = value;
            else refuse(here, "must be an object of lists of different names");
            break;
          case "$ref":
            all.push(refer(value, where, here));
            break;
          default:
            refuse(here, `${keyword} is not checked here${INSTEAD[keyword] ? `; ${INSTEAD[keyword]}` : ""}`);
        }
      }
    }
    if (draft === "07" && given.$ref !== undefined) {
      const sibling = Object.keys(given).find(
        (key) => key !== "$ref" && !ANNOTATIONS.has(key) && !DEFINITIONS.has(key),
      );
      if (sibling !== undefined) refuse(below(at, sibling), `draft 07 ignores ${sibling} next to $ref; use allOf`);
    }
    for (const pattern of Object.keys(isObject(rules.patternProperties) ? rules.patternProperties : {})) {
      const fault = patternFault(pattern);
      if (fault !== null) refuse(below(below(at, "patternProperties"), pattern), fault);
    }
    if (ofEvent) {
      for (const keyword of ["properties", "dependentRequired", "dependentSchemas"])
        for (const name of Object.keys(isObject(rules[keyword]) ? rules[keyword] : {}))
          if (!EVENT_FIELDS.has(name)) refuse(below(below(at, keyword), name), notOfEvent(name));
      const named = isObject(rules.properties) && Object.hasOwn(rules.properties, "event_type");
      if (at === "#" && rules.additionalProperties === false && !named && rules.patternProperties === undefined)
        refuse(
          below(at, "additionalProperties"),
          "refuses every event: each has event_type, so properties must name it",
        );
    }
    // A schema that has nothing but a reference is replaced by its target.
    if (all.length === 1 && Object.keys(rules).length === 0) return all[0] as Schema;
    if (all.length > 0) rules.allOf = [...all, ...((rules.allOf as Schema[] | undefined) ?? [])];
    return placed(rules as Rules, at);
  }

  function placed(rules: Rules, at: string): Rules {
    places.set(rules, at);
    return rules;
  }

  function refer(ref: unknown, where: Where, here: string): Schema {
    const [, keyword, encoded] = /^#\/(\$defs|definitions)\/([^/]+)$/.exec(typeof ref === "string" ? ref : "") ?? [];
    if (keyword === undefined || encoded === undefined) {
      refuse(here, "can only refer to #/$defs/<name> or #/definitions/<name>");
      return true;
    }
    let name: string;
    try {
      name = decodeURIComponent(encoded).replaceAll("~1", "/").replaceAll("~0", "~");
    } catch {
      refuse(here, "is not a JSON pointer");
      return true;
    }
    const definitions = root[keyword];
    const at = below(below("#", keyword), name);
    if (!isObject(definitions) || !Object.hasOwn(definitions, name)) {
      refuse(here, `there is no ${ref}`);
      return true;
    }
    if (where.through.includes(at)) {
      refuse(here, "must not refer to itself, not by way of others either");
      return true;
    }
    return read(definitions[name], { ...where, at, depth: where.depth + 1, through: [...where.through, at] });
  }

  if (draft === undefined) refuse("#/$schema", "must be draft 2020-12 or draft 07");
  if (new TextEncoder().encode(JSON.stringify(document)).length > SCHEMA_BYTES) refuse("#", "must be at most 32 KB");
  if (event && !isObject(document)) refuse("#", "must be an object");
  const schema = faults.length > 0 ? true : read(document, { at: "#", depth: 0, ofEvent: event, through: [] });
  return faults.length > 0 ? { ok: false, faults } : { ok: true, schema, places };
}

function notOfEvent(name: string): string {
  if (SETTLED.includes(name)) return `${name} is settled before a schema is asked`;
  const known: Readonly<Record<string, string>> = { btag: "banner_tag", game_id: "app_id" };
  return known[name]
    ? `${name} is called ${known[name]} here`
    : `${name} is no field of an event; it lands in data, so name it under properties of data`;
}
