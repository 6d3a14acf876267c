import { env, SELF } from "cloudflare:test";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import type { SchemaVersionView } from "../../worker/admin/schemas.ts";
import type { FieldError } from "../../worker/event.ts";
import { forgetProjects } from "../../worker/project.ts";
import { checkSchema } from "../../worker/registry/check.ts";
import { incompatibilities } from "../../worker/registry/compatibility.ts";
import type { Drift } from "../../worker/registry/drift.ts";
import { patternFault } from "../../worker/registry/pattern.ts";
import { accepts, compile } from "../../worker/registry/validation.ts";
import { canonical, readSchema } from "../../worker/registry/vocabulary.ts";
import { call, get, HOST, read, sendPixel } from "./api.ts";
import { watched } from "./database.ts";
import { ADMIN, bearer, makeApiKey } from "./keys.ts";
import { createProject, deliver, storedEvent } from "./log.ts";

type Json = Record<string, unknown>;
const ofData = (properties: Json, more: Json = {}): Json => ({
  type: "object",
  properties: { data: { type: "object", properties, ...more } },
});

const register = (project_id: string, event_type: string, schema: unknown, more: Json = {}) =>
  call("POST", "/schemas", { project_id, event_type, schema, ...more });
type Problem = { status: number; detail: string; errors: { field: string; code: string; message: string }[] };

const readDocument = (document: unknown, event = false) => {
  const reading = readSchema(document, { event });
  if (!reading.ok) throw new Error(JSON.stringify(reading.faults));
  return reading;
};
const compare = (before: unknown, after: unknown) => {
  const { schema, places } = readDocument(after);
  return incompatibilities(readDocument(before).schema, schema, places).map(({ pointer }) => pointer);
};

describe("a schema", () => {
  it.each<[string, unknown, string | null]>([
    ["of fields and data", ofData({ level: { type: "integer" } }), null],
    ["with draft 2020-12", { $schema: "https://json-schema.org/draft/2020-12/schema" }, null],
    ["with draft 07", { $schema: "http://json-schema.org/draft-07/schema#", definitions: { a: true } }, null],
    ["with draft 04", { $schema: "http://json-schema.org/draft-04/schema#" }, "#/$schema"],
    ["with annotations", { $id: "https://brand.example/spin", title: "Spin", examples: [{}], $comment: "!" }, null],
    ["that refers to a definition", { properties: { data: { $ref: "#/$defs/a%20b" } }, $defs: { "a b": {} } }, null],
    [
      "that refers to nothing",
      { properties: { data: { $ref: "#/$defs/b" } }, $defs: { a: {} } },
      "#/properties/data/$ref",
    ],
    ["that refers elsewhere", { $ref: "https://other.example/schema" }, "#/$ref"],
    [
      "that refers to itself",
      { $ref: "#/$defs/a", $defs: { a: { items: { $ref: "#/$defs/a" } } } },
      "#/$defs/a/items/$ref",
    ],
    [
      "that grows by references",
      {
        $defs: Object.fromEntries(
          Array.from({ length: 14 }, (_, n) => [
            `d${n}`,
            n === 13 ? {} : { allOf: [{ $ref: `#/$defs/d${n + 1}` }, { $ref: `#/$defs/d${n + 1}` }] },
          ]),
        ),
      },
      "*",
    ],
    ["with an unknown keyword", { propertys: {} }, "#/propertys"],
    [
      "with a keyword that is not checked",
      ofData({}, { unevaluatedProperties: false }),
      "#/properties/data/unevaluatedProperties",
    ],
    [
      "with a keyword newer than its draft",
      { $schema: "http://json-schema.org/draft-07/schema#", properties: { data: { dependentRequired: {} } } },
      "#/properties/data/dependentRequired",
    ],
    ["with draft 07's lists of items", ofData({ a: { items: [{}] } }), "#/properties/data/properties/a/items"],
    [
      "with what draft 07 ignores",
      {
        $schema: "http://json-schema.org/draft-07/schema#",
        properties: { data: { $ref: "#/definitions/a", minProperties: 1 } },
        definitions: { a: {} },
      },
      "#/properties/data/minProperties",
    ],
    ["with an unknown format", ofData({ a: { format: "phone" } }), "#/properties/data/properties/a/format"],
    ["with an unknown type", ofData({ a: { type: "float" } }), "#/properties/data/properties/a/type"],
    ["with a limit that is text", ofData({ a: { minimum: "1" } }), "#/properties/data/properties/a/minimum"],
    ["with a broken pattern", ofData({ a: { pattern: "(" } }), "#/properties/data/properties/a/pattern"],
    ["with a pattern that explodes", ofData({ a: { pattern: "^(a+)+$" } }), "#/properties/data/properties/a/pattern"],
    [
      "with such a pattern for names",
      ofData({}, { patternProperties: { "(a|a)*": {} } }),
      "#/properties/data/patternProperties/(a%7Ca)*",
    ],
    ["nested too deep", JSON.parse(`${'{"not":'.repeat(20)}{}${"}".repeat(20)}`), "*"],
    ["of more than 32 KB", { description: "x".repeat(33_000) }, "#"],
    ["that names a key of data at the top", { properties: { level: {} } }, "#/properties/level"],
    ["that asks for one", { allOf: [{ required: ["level"] }] }, "#/allOf/0/required/0"],
    ["by an older name", { required: ["btag"] }, "#/required/0"],
    ["that refuses every event", { properties: { data: {} }, additionalProperties: false }, "#/additionalProperties"],
    ["with names that objects know", ofData({ constructor: { type: "string" }, toString: {} }), null],
  ])("%s", (_, document, pointer) => {
    const reading = readSchema(document);
    const pointers = reading.ok ? [] : reading.faults.map((fault) => fault.pointer);
    if (pointer === "*") expect(pointers.length).toBeGreaterThan(0);
    else expect(pointers).toEqual(pointer === null ? [] : [pointer]);
  });

  it.each<[string, boolean]>([
    ["^[a-z]+-[0-9]+$", true],
    ["^\\d{4}-\\d{2}$", true],
    ["^(?:\\d{1,3}\\.){3}\\d{1,3}$", true],
    ["^(ab)*$", true],
    ["^(red|green|blue)$", true],
    ["^[()|*+]+$", true],
    ["^\\p{Lu}\\u{1F3B0}?$", true],
    ["a+b+c+d+", false],
    ["^(a|a)*$", false],
    ["^(a?){60}$", false],
    ["^([a-z]+)*$", false],
    ["^(?=a)b", false],
    ["^(?<x>a)\\k<x>", false],
    ["(a)\\1", false],
    ["x".repeat(257), false],
  ])("may have the pattern %s: %s", (pattern, taken) => expect(patternFault(pattern) === null).toBe(taken));

  it("compares no pattern with long texts", () => {
    const check = compile({ pattern: "^a*$" });
    expect([check("a".repeat(256)).length, check("a".repeat(257)).length]).toEqual([0, 1]);
    expect(accepts({ pattern: "b$" }, "aab")).toBe(true);
    expect(accepts({ pattern: "^b" }, "aab")).toBe(false);
  });

  it.each<[string, Json, unknown, [string, string][]]>([
    ["a type", { type: "integer" }, 1.5, [["", "must be a whole number"]]],
    ["types", { type: ["string", "null"] }, 1, [["", "must be text or null"]]],
    ["a missing key", { required: ["a", "b"] }, { a: 1 }, [["b", "is required"]]],
    [
      "a key too many",
      { properties: { a: {} }, additionalProperties: false },
      { "x/y": 1, constructor: 2 },
      [
        ["x/y", "is not allowed"],
        ["constructor", "is not allowed"],
      ],
    ],
    ["an item", { items: { minimum: 3 } }, [3, 2], [["1", "must be at least 3"]]],
    ["alternatives", { anyOf: [{ type: "string" }, false] }, 1, [["", "fits none of the alternatives"]]],
    ["one alternative too many", { oneOf: [{}, {}] }, 1, [["", "must fit exactly one of the alternatives"]]],
    // biome-ignore lint/suspicious/noThenProperty: the keyword is called so
    ["a condition", { if: { required: ["a"] }, then: { required: ["b"] } }, { a: 1 }, [["b", "is required"]]],
    ["a name", { propertyNames: { maxLength: 1 } }, { ab: 1 }, [["", "has a key whose name is not allowed"]]],
    ["a name for a pattern", { patternProperties: { "^a": { type: "null" } } }, { ab: 1 }, [["ab", "must be null"]]],
    ["a dependency", { dependentRequired: { a: ["b"] } }, { a: 1 }, [["b", "is required beside a"]]],
    ["a constant", { const: "x" }, "y", [["", 'must be "x"']]],
    ["money's places", { multipleOf: 0.01 }, 0.07, []],
    ["what contains", { contains: { const: 1 } }, [2], [["", "must have at least 1 items of a certain kind"]]],
    ["a reference", { $ref: "#/$defs/n", $defs: { n: { maximum: 1 } } }, 2, [["", "must be at most 1"]]],
    ["a format", { format: "date" }, "2026-02-30", [["", "must be of the format date"]]],
    [
      "two reasons",
      { allOf: [{ minLength: 5 }, { pattern: "^b" }] },
      "a",
      [
        ["", "must have at least 5 characters"],
        ["", "must match ^b"],
      ],
    ],
  ])("says what is wrong by %s", (_, document, value, expected) => {
    const found = compile(readDocument(document).schema)(value).map(({ path, message }) => [path.join("."), message]);
    expect(found).toEqual(expected);
  });
});

describe("compatibility", () => {
  const object = (properties: Json, more: Json = {}) => ({ type: "object", properties, ...more });
  it.each<[string, unknown, unknown, string[]]>([
    ["the same", object({ a: { type: "string" } }), object({ a: { type: "string" } }), []],
    ["a new optional key", object({}), object({ a: { type: "string" } }), ["#/properties/a/type"]],
    [
      "a new optional key that was refused",
      object({}, { additionalProperties: false }),
      object({ a: { type: "string" } }, { additionalProperties: false }),
      [],
    ],
    ["a key no longer required", object({}, { required: ["a", "b"] }), object({}, { required: ["b"] }), []],
    ["a key now required", object({}, { required: ["b"] }), object({}, { required: ["b", "a"] }), ["#/required/1"]],
    ["a removed key, others allowed", object({ a: { type: "string" } }), object({}), []],
    [
      "a removed key, others not",
      object({ a: {} }, { additionalProperties: false }),
      object({}, { additionalProperties: false }),
      ["#/properties/a"],
    ],
    [
      "others no longer allowed",
      object({ a: {} }),
      object({ a: {} }, { additionalProperties: false }),
      ["#/additionalProperties"],
    ],
    ["a wider type", { type: "integer" }, { type: "number" }, []],
    ["a narrower type", { type: "number" }, { type: "integer" }, ["#/type"]],
    ["one more type", { type: "string" }, { type: ["string", "null"] }, []],
    ["one type less", { type: ["string", "null"] }, { type: "string" }, ["#/type"]],
    ["more values", { enum: ["a"] }, { enum: ["a", "b"] }, []],
    ["less values", { enum: ["a", "b"] }, { enum: ["a"] }, ["#/enum"]],
    ["values that fit a rule", { enum: ["a", "b"] }, { type: "string", maxLength: 1 }, []],
    ["a rule that values take the place of", { type: "string", maxLength: 1 }, { enum: ["a"] }, ["#/enum"]],
    ["true and false for a boolean", { type: "boolean" }, { enum: [false, true] }, []],
    ["a lower minimum", { type: "number", minimum: 3 }, { type: "number", exclusiveMinimum: 2 }, []],
    ["a higher minimum", { minimum: 3 }, { minimum: 4 }, ["#/minimum"]],
    ["the minimum itself now left out", { minimum: 3 }, { exclusiveMinimum: 3 }, ["#/exclusiveMinimum"]],
    ["a lower maximum", { maximum: 3 }, { maximum: 2 }, ["#/maximum"]],
    ["limits for what is not accepted", { type: "string" }, { minimum: 4, required: ["a"], minItems: 2 }, []],
    ["another multiple", { type: "number", multipleOf: 0.1 }, { multipleOf: 0.05 }, ["#/multipleOf"]],
    ["a multiple of what is no number", { type: "string" }, { multipleOf: 0.05 }, []],
    ["shorter texts", { maxLength: 5 }, { maxLength: 4 }, ["#/maxLength"]],
    ["longer texts", { maxLength: 5 }, { maxLength: 6 }, []],
    ["another pattern", { pattern: "^a" }, { pattern: "^ab" }, ["#/pattern"]],
    ["no pattern any more", { pattern: "^a" }, {}, []],
    ["a format", { type: "string" }, { type: "string", format: "date" }, ["#/format"]],
    ["items", { items: { type: "integer" } }, { items: { type: "number" } }, []],
    ["narrower items", { items: { type: "number" } }, { items: { type: "integer" } }, ["#/items/type"]],
    ["first items", { items: { type: "number" } }, { prefixItems: [{ type: "integer" }] }, ["#/prefixItems/0/type"]],
    ["different items", {}, { uniqueItems: true }, ["#/uniqueItems"]],
    [
      "the same alternatives beside a longer text",
      { anyOf: [{ type: "string" }, { type: "null" }], maxLength: 2 },
      { anyOf: [{ type: "string" }, { type: "null" }], maxLength: 3 },
      [],
    ],
    [
      "an alternative more",
      { anyOf: [{ type: "string" }] },
      { anyOf: [{ type: "null" }, { type: "string" }] },
      ["#/anyOf"],
    ],
    [
      "an alternative less",
      { anyOf: [{ type: "string" }, { type: "null" }] },
      { anyOf: [{ type: "string" }] },
      ["#/anyOf"],
    ],
    [
      "alternatives in one",
      { anyOf: [{ minimum: 3 }, { type: "null" }] },
      { type: ["null", "number", "string", "object", "array", "boolean"] },
      [],
    ],
    [
      "types as alternatives",
      { type: ["string", "null"] },
      { anyOf: [{ type: "string" }, { type: "null" }] },
      ["#/anyOf"],
    ],
    ["another oneOf", { oneOf: [{ type: "string" }] }, { oneOf: [{ type: "string" }, { maxLength: 3 }] }, ["#/oneOf"]],
    ["other values excluded", { not: { minimum: 3 } }, { not: { minimum: 2 } }, ["#/not"]],
    // biome-ignore lint/suspicious/noThenProperty: the keyword is called so
    ["a condition", {}, { if: { required: ["a"] }, then: { required: ["b"] } }, ["#/if"]],
    ["the same by allOf", { type: "string", minLength: 2 }, { allOf: [{ type: "string" }, { minLength: 2 }] }, []],
    ["more by allOf", { minLength: 2 }, { allOf: [{ minLength: 3 }] }, ["#/allOf/0/minLength"]],
    [
      "by a definition",
      { items: { maximum: 5 } },
      { items: { $ref: "#/$defs/n" }, $defs: { n: { maximum: 4 } } },
      ["#/$defs/n/maximum"],
    ],
    [
      "a pattern of names",
      { additionalProperties: { type: "integer" } },
      { patternProperties: { "^a": { type: "number" } } },
      ["#/patternProperties"],
    ],
    ["something new beside", {}, { dependentRequired: { b: ["a"] } }, ["#/dependentRequired"]],
    ["nothing any more", { properties: { a: {} } }, { properties: { a: false } }, ["#/properties/a"]],
  ])("of %s", (_, before, after, pointers) => {
    expect(compare(before, after)).toEqual(pointers);
  });

  // Few names, few values, small limits, so that two schemas often relate to each other.
  const name = fc.constantFrom("a", "b", "ab");
  const leaf = fc.oneof(
    fc.constantFrom<unknown>(null, true, false, "", "a", "b", "ab", "aab", 0, 1, 2, 3, 0.5, 1.5, -1),
  );
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(name, tie("value"), { maxKeys: 3 }),
    ),
  }));
  const keyword = (name: string, given: fc.Arbitrary<unknown>) => given.map((held): [string, unknown] => [name, held]);
  const small = fc.integer({ min: 0, max: 3 });
  const { schema } = fc.letrec<{ schema: unknown; rules: Json }>((tie) => ({
    schema: fc.oneof({ weight: 1, arbitrary: fc.boolean() }, { weight: 12, arbitrary: tie("rules") }),
    rules: fc
      .uniqueArray(
        fc.oneof(
          keyword(
            "type",
            fc.uniqueArray(fc.constantFrom("null", "boolean", "integer", "number", "string", "array", "object"), {
              minLength: 1,
              maxLength: 4,
            }),
          ),
          keyword("enum", fc.array(leaf, { minLength: 1, maxLength: 3 })),
          keyword("const", leaf),
          keyword("minimum", small),
          keyword("exclusiveMaximum", small),
          keyword("maximum", small),
          keyword("multipleOf", fc.constantFrom(0.5, 1, 2)),
          keyword("minLength", small),
          keyword("maxLength", small),
          keyword("pattern", fc.constantFrom("a", "^a", "b$")),
          keyword("minItems", small),
          keyword("maxItems", small),
          keyword("uniqueItems", fc.boolean()),
          keyword("items", tie("schema")),
          keyword("prefixItems", fc.array(tie("schema"), { minLength: 1, maxLength: 2 })),
          keyword("contains", tie("schema")),
          keyword("minContains", small),
          keyword("maxContains", small),
          keyword("minProperties", small),
          keyword("maxProperties", small),
          keyword("required", fc.uniqueArray(name, { maxLength: 2 })),
          keyword("properties", fc.dictionary(name, tie("schema"), { maxKeys: 2 })),
          keyword("patternProperties", fc.dictionary(fc.constantFrom("a", "^b", "b"), tie("schema"), { maxKeys: 2 })),
          keyword("additionalProperties", tie("schema")),
          keyword("propertyNames", tie("schema")),
          keyword("dependentRequired", fc.dictionary(name, fc.uniqueArray(name, { maxLength: 2 }), { maxKeys: 1 })),
          keyword("dependentSchemas", fc.dictionary(name, tie("schema"), { maxKeys: 1 })),
          keyword("allOf", fc.array(tie("schema"), { minLength: 1, maxLength: 2 })),
          keyword("anyOf", fc.array(tie("schema"), { minLength: 1, maxLength: 2 })),
          keyword("oneOf", fc.array(tie("schema"), { minLength: 1, maxLength: 2 })),
          keyword("not", tie("schema")),
          keyword("if", tie("schema")),
          keyword("then", tie("schema")),
          keyword("else", tie("schema")),
        ),
        // All keywords together would hardly ever accept a value.
        { maxLength: 3, selector: ([name]) => name },
      )
      .map((some) => Object.fromEntries(some)),
  }));

  /** The same with something changed in one place. */
  const changed = (before: unknown) =>
    fc.tuple(fc.nat(), fc.nat(), small, schema).map(([at, how, number, other]) => {
      const after = structuredClone(before);
      const objects: Json[] = [];
      const walk = (inner: unknown): void => {
        if (typeof inner !== "object" || inner === null) return;
        if (!Array.isArray(inner)) objects.push(inner as Json);
        Object.values(inner).forEach(walk);
      };
      walk(after);
      const chosen = objects[at % Math.max(objects.length, 1)];
      if (!chosen) return other;
      const keys = Object.keys(chosen);
      const key = keys[how % Math.max(keys.length, 1)];
      if (key === undefined || how % 3 === 0) Object.assign(chosen, typeof other === "object" ? other : {});
      else if (typeof chosen[key] === "number") chosen[key] = number || 1;
      else if (typeof chosen[key] === "boolean") chosen[key] = !chosen[key];
      else delete chosen[key];
      return after;
    });

  it("is never declared when a value proves the opposite", () => {
    const pairs = fc.oneof(
      fc.tuple(schema, schema),
      schema.chain((before) => fc.tuple(fc.constant(before), changed(before))),
    );
    let declared = 0;
    let told = 0;
    fc.assert(
      fc.property(pairs, fc.array(value, { minLength: 20, maxLength: 20 }), ([before, after], values) => {
        const old = readSchema(before, { event: false });
        const next = readSchema(after, { event: false });
        if (!old.ok || !next.ok || canonical(before) === canonical(after)) return;
        if (incompatibilities(old.schema, next.schema, next.places).length > 0) return;
        declared++;
        const accepted = values.filter((one) => accepts(old.schema, one));
        if (accepted.length > 0 && accepted.length < values.length) told++;
        expect(accepted.filter((one) => !accepts(next.schema, one))).toEqual([]);
      }),
      { numRuns: 3_000, endOnFailure: true },
    );
    // The property was really tested: many pairs were declared compatible, with schemas that refuse some values.
    expect(declared).toBeGreaterThan(500);
    expect(told).toBeGreaterThan(100);
  });

  it("holds between a schema and itself", () => {
    fc.assert(
      fc.property(schema, (document) => {
        const reading = readSchema(document, { event: false });
        if (!reading.ok) return;
        expect(incompatibilities(reading.schema, reading.schema, reading.places)).toEqual([]);
      }),
      { numRuns: 500, endOnFailure: true },
    );
  });
});

describe("the registry", () => {
  beforeAll(async () => {
    await createProject("brand");
    await createProject("other");
  });

  it("numbers versions upwards, and gives the same schema the same version", async () => {
    const first = await register("brand", "level_up", ofData({ level: { type: "integer", minimum: 1 } }));
    expect(first.status).toBe(201);
    expect(await first.json()).toMatchObject({ version: 1, mode: "warn", current: true, project_id: "brand" });
    // Keys in another order are the same schema.
    const again = await register("brand", "level_up", {
      properties: { data: { properties: { level: { minimum: 1, type: "integer" } }, type: "object" } },
      type: "object",
    });
    expect([again.status, await again.json()]).toMatchObject([200, { version: 1 }]);
    const wider = await register("brand", "level_up", ofData({ level: { type: "integer", minimum: 0 } }), {
      mode: "enforce",
    });
    expect([wider.status, await wider.json()]).toMatchObject([201, { version: 2, mode: "enforce", current: true }]);
    const { rows } = await read<{
      rows: SchemaVersionView[];
    }>("/schemas?project_id=brand&event_type=level_up");
    expect(rows.map(({ version, current, mode }) => [version, current, mode])).toEqual([
      [2, true, "enforce"],
      [1, false, "off"],
    ]);
    expect(rows[1]?.schema).toEqual(ofData({ level: { type: "integer", minimum: 1 } }));
  });

  it("refuses an incompatible change, and names each place", async () => {
    await register("brand", "narrow", ofData({ level: { type: "number" }, mood: { enum: ["good", "bad"] } }));
    const response = await register(
      "brand",
      "narrow",
      ofData({ level: { type: "integer" }, mood: { enum: ["good"] } }, { required: ["level"] }),
    );
    expect(response.status).toBe(409);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    const { errors } = await response.json<Problem>();
    expect(errors.map(({ field, code }) => [field, code]).sort()).toEqual([
      ["#/properties/data/properties/level/type", "incompatible"],
      ["#/properties/data/properties/mood/enum", "incompatible"],
      ["#/properties/data/required/0", "incompatible"],
    ]);
    const { results } = await env.DB.prepare("SELECT version FROM schema_versions WHERE event_type = 'narrow'").all();
    expect(results).toEqual([{ version: 1 }]);
  });

  it("accepts an incompatible change on demand, and the audit log says so", async () => {
    const typed = ofData({ loot: { type: "number" } });
    await register("brand", "named", ofData({}));
    expect((await register("brand", "named", ofData({ loot: true }))).status).toBe(201);
    expect((await register("brand", "named", typed)).status).toBe(409);
    const body = { project_id: "brand", event_type: "named", schema: typed };
    expect((await call("POST", "/schemas?compatibility=some", body)).status).toBe(400);
    const response = await call("POST", "/schemas?compatibility=none", body);
    expect([response.status, await response.json()]).toMatchObject([201, { version: 3 }]);
    const { results } = await env.DB.prepare("SELECT details FROM audit WHERE subject = 'named' ORDER BY id").all();
    expect(results.map(({ details }) => JSON.parse(String(details)))).toEqual([
      { version: 1 },
      { version: 2 },
      { version: 3, compatibility: "none", incompatible: ["#/properties/data/properties/loot/type"] },
    ]);
  });

  it("refuses what it would not check", async () => {
    const response = await register("brand", "odd", ofData({ a: { format: "phone", typ: "string" } }));
    expect(response.status).toBe(400);
    const { errors } = await response.json<Problem>();
    expect(errors.map(({ field }) => field)).toEqual([
      "#/properties/data/properties/a/format",
      "#/properties/data/properties/a/typ",
    ]);
    expect((await register("brand", "Odd", {})).status).toBe(400);
    expect((await register("brand", "odd", [])).status).toBe(400);
    expect((await register("brand", "odd", {}, { mode: "strict" })).status).toBe(400);
    expect((await register("nowhere", "odd", {})).status).toBe(400);
  });

  it("gives each of many simultaneous registrations a version, and compares each with the one before", async () => {
    const own = (maximum: number) => ofData({ level: { type: "integer", maximum } });
    const limits = [1, 2, 3, 4, 5, 6];
    const answers = await Promise.all(
      limits.map(async (limit) => {
        const response = await register("brand", "race", own(limit));
        return { status: response.status, limit, body: await response.json<{ version: number }>() };
      }),
    );
    const made = answers.filter(({ status }) => status === 201).sort((a, b) => a.body.version - b.body.version);
    expect(made.map(({ body }) => body.version)).toEqual(made.map((_, index) => index + 1));
    // Each widens the one before; a narrower one that came later was refused.
    expect(made.map(({ limit }) => limit)).toEqual(made.map(({ limit }) => limit).sort((a, b) => a - b));
    expect(made.at(-1)?.limit).toBe(6);
    expect(answers.filter(({ status }) => status !== 201).every(({ status }) => status === 409)).toBe(true);
    const { results: audit } = await env.DB.prepare("SELECT 1 FROM audit WHERE subject = 'race'").all();
    expect(audit.length).toBe(made.length);

    const same = await Promise.all([1, 2, 3].map(() => register("brand", "same", own(1))));
    expect(same.map(({ status }) => status).sort()).toEqual([200, 200, 201]);
    for (const response of same) expect(await response.json()).toMatchObject({ version: 1 });
  });

  it("changes the mode, retires a schema, and begins again with the next number", async () => {
    const of = (method: string, body?: unknown) => call(method, "/schemas/phase?project_id=brand", body);
    expect((await of("GET")).status).toBe(404);
    expect((await of("PATCH", { mode: "off" })).status).toBe(404);
    await register("brand", "phase", ofData({ a: { type: "string" } }), { mode: "off" });
    expect(await (await of("PATCH", { mode: "enforce" })).json()).toMatchObject({ version: 1, mode: "enforce" });
    // A new version keeps the mode that is set.
    expect(await (await register("brand", "phase", ofData({ a: { type: ["string", "null"] } }))).json()).toMatchObject({
      version: 2,
      mode: "enforce",
    });
    expect((await of("DELETE")).status).toBe(204);
    expect((await of("DELETE")).status).toBe(204);
    expect((await of("PATCH", { mode: "warn" })).status).toBe(409);
    expect(await (await of("GET")).json()).toMatchObject({
      mode: "off",
      retired_at: expect.any(String),
      versions: [{ version: 2, current: false }, { version: 1 }],
    });
    expect(await (await register("brand", "phase", ofData({ a: { type: "integer" } }))).json()).toMatchObject({
      version: 3,
      mode: "warn",
    });
    const { results } = await env.DB.prepare(
      "SELECT action, project_id, actor, details FROM audit WHERE subject = 'phase' ORDER BY id",
    ).all();
    expect(results.map(({ action }) => action)).toEqual([
      "schema.register",
      "schema.change",
      "schema.register",
      "schema.retire",
      "schema.register",
    ]);
    expect(results[0]).toMatchObject({ project_id: "brand", actor: "admin", details: '{"version":1,"mode":"off"}' });
  });

  it("can be changed by administrators of the project, and read by analysts", async () => {
    const analyst = bearer(await makeApiKey({ role: "analyst", project_id: "brand" }));
    const viewer = bearer(await makeApiKey({ role: "viewer", project_id: "brand" }));
    const foreign = bearer(await makeApiKey({ role: "admin", project_id: "other" }));
    const body = { event_type: "level_up", schema: {} };
    expect((await call("POST", "/schemas", body, {})).status).toBe(401);
    expect((await call("POST", "/schemas", body, analyst)).status).toBe(403);
    expect((await call("PATCH", "/schemas/level_up", { mode: "off" }, analyst)).status).toBe(403);
    expect((await call("DELETE", "/schemas/level_up", undefined, analyst)).status).toBe(403);
    expect((await get("/schemas", viewer)).status).toBe(403);
    expect((await get("/schemas/level_up", analyst)).status).toBe(200);
    expect((await get("/schemas?project_id=brand", foreign)).status).toBe(403);
    expect((await call("POST", "/schemas", { ...body, project_id: "brand" }, foreign)).status).toBe(403);
    expect(await (await get("/schemas", foreign)).json()).toEqual({ rows: [], next_cursor: null });
    expect((await get("/schemas?type=x")).status).toBe(400);
    const paged = await read<{
      rows: unknown[];
      next_cursor: number;
    }>("/schemas?project_id=brand&limit=1");
    expect([paged.rows.length, paged.next_cursor]).toEqual([1, expect.any(Number)]);
  });

  it("holds schemas for 200 types a project, and no more", async () => {
    await createProject("many");
    await env.DB.batch(
      Array.from({ length: 199 }, (_, n) =>
        env.DB.prepare("INSERT INTO schemas (project_id, event_type, version, mode) VALUES ('many', ?, 1, 'off')").bind(
          `t${n}`,
        ),
      ),
    );
    expect((await register("many", "last", {})).status).toBe(201);
    expect((await register("many", "over", {})).status).toBe(409);
    expect((await register("many", "last", { title: "more" })).status).toBe(201);
  });
});

describe("an event", () => {
  let key: string;
  const schema = {
    type: "object",
    required: ["data"],
    properties: {
      amount: { type: "number", minimum: 1 },
      timestamp: { type: "string", format: "date-time" },
      data: {
        type: "object",
        required: ["level"],
        properties: { level: { type: ["integer", "string"], pattern: "^[0-9]+$" } },
        additionalProperties: false,
      },
    },
  };
  const send = (body: unknown) => call("POST", "/events", body, bearer(key));
  const won = (more: Json) => ({ event_type: "won", player_id: "p", ...more });

  beforeAll(async () => {
    await createProject("strict");
    key = await makeApiKey({ role: "collect", project_id: "strict" });
  });

  it("is checked from the next request on", async () => {
    expect((await send(won({}))).status).toBe(202);
    expect((await register("strict", "won", schema, { mode: "enforce" })).status).toBe(201);
    const refused = await send(won({ amount: 0.5, currency: "EUR", timestamp: Date.now(), level: true, bo: 1 }));
    expect(refused.status).toBe(400);
    const { errors } = await refused.json<{ errors: FieldError[] }>();
    expect(errors).toEqual([
      { field: "amount", code: "schema_violation", message: "amount must be at least 1 (schema version 1)" },
      {
        field: "data.level",
        code: "schema_violation",
        message: "data.level must be a whole number or text (schema version 1)",
      },
      { field: "data.bo", code: "schema_violation", message: "data.bo is not allowed (schema version 1)" },
    ]);
    expect((await send(won({ amount: "1.5", currency: "EUR", data: { level: 3 } }))).status).toBe(202);
    // Other types and other projects are free.
    expect((await send({ event_type: "lost", player_id: "p" })).status).toBe(202);
  });

  it("of a batch is refused individually", async () => {
    const response = await send([won({ level: 1 }), won({}), won({ level: "x" }), won({ level: 2 })]);
    const { accepted, results } = await response.json<{
      accepted: number;
      results: { status: string; errors?: FieldError[] }[];
    }>();
    expect([response.status, accepted]).toEqual([202, 2]);
    expect(results.map(({ errors }) => errors?.[0]?.field)).toEqual([undefined, "data", "data.level", undefined]);
  });

  it("of a pixel is refused in the header, whatever its keys are", async () => {
    const fire = (query: string) => SELF.fetch(`${HOST}/pixel/won?player_id=p&btag=t&project_id=strict&${query}`);
    const header = async (query: string) => {
      const response = await fire(query);
      await response.body?.cancel();
      return [response.status, response.headers.get("x-event-error")];
    };
    expect(await header("level=3")).toEqual([200, null]);
    expect(await header("level=three")).toEqual([400, "schema_violation data.level"]);
    expect(await header("level=3&%F0%9F%8E%B0%0D%0A=1")).toEqual([400, "schema_violation data.%F0%9F%8E%B0%0D%0A"]);
    expect(await header("level=3&constructor=1&__proto__=2")).toEqual([
      400,
      expect.stringMatching(/^schema_violation data\./),
    ]);
  });

  it("is accepted with a warning when the mode is warn, and without one when it is off", async () => {
    const change = (mode: string) => call("PATCH", "/schemas/won?project_id=strict", { mode });
    await change("warn");
    const warned = await send(won({ event_id: "warned-1" }));
    expect([warned.status, await warned.json()]).toEqual([
      202,
      {
        status: "accepted",
        event_id: "warned-1",
        warnings: [{ field: "data", code: "schema_violation", message: "data is required (schema version 1)" }],
      },
    ]);
    const pixel = await sendPixel("/pixel/won", { player_id: "p", btag: "t", project_id: "strict" });
    expect([pixel.status, pixel.headers.get("x-event-warning")]).toEqual([200, "schema_violation data"]);
    await change("off");
    expect(await (await send(won({ event_id: "off-1" }))).json()).toEqual({ status: "accepted", event_id: "off-1" });
  });

  it("costs no read when no schema is registered, and little when one is", async () => {
    await createProject("quiet");
    await createProject("busy");
    await register("busy", "spin", { required: ["score"] }, { mode: "enforce" });
    const { bindings, seen } = watched();
    forgetProjects();
    const now = Date.now();
    for (let n = 0; n < 5; n++)
      expect(await checkSchema(bindings, "quiet", "spin", {}, now + n)).toEqual({ status: "ok" });
    expect(seen.calls).toBe(1);
    for (let n = 0; n < 5; n++) expect((await checkSchema(bindings, "busy", "spin", {}, now)).status).toBe("refused");
    expect(seen.calls).toBe(3);
    // After its cache time the state is read again, but not the schema, which cannot have changed.
    await checkSchema(bindings, "busy", "spin", {}, now + 30_001);
    expect(seen.calls).toBe(4);
    // While the database is away, the cached state applies.
    seen.away = true;
    expect((await checkSchema(bindings, "busy", "spin", {}, now + 90_000)).status).toBe("refused");
  });
});

describe("drift", () => {
  it("shows keys that the schema does not name, names that no event has, and events that break the schema", async () => {
    await createProject("drifting");
    const event = (data: Json | null, more: Json = {}) =>
      storedEvent({
        project_id: "drifting",
        event_type: "boss_defeated",
        player_id: "p",
        ...more,
        data: data && JSON.stringify(data),
      });
    const events = [
      event(
        { boss: { name: "Hydra", heads: 9 }, level: 1, parts: [{ id: 1, glow: true }] },
        { event_id: "drift-1", banner_tag: "a" },
      ),
      event({ boss: { name: "Hydra" }, level: "two", loot: 1.5 }, { event_id: "drift-2", banner_tag: "b" }),
      event({ level: 3, loot: "gold", x_1: null }, { event_id: "drift-3" }),
      event(null),
      storedEvent({ project_id: "drifting", event_type: "spin", player_id: "p", data: '{"elsewhere":1}' }),
    ];
    await deliver([{ events }]);
    const drift = async (path = "boss_defeated/drift", headers: Record<string, string> = ADMIN) =>
      (await get(`/schemas/${path}?project_id=drifting`, headers)).json<Drift>();
    const before = await drift();
    expect(before.sample).toEqual({ events: 4, since: expect.any(String), complete: true });
    expect(before.unnamed.map(({ field, events }) => [field, events])).toEqual([
      ["data.level", 3],
      ["data.boss", 2],
      ["data.loot", 2],
      ["data.parts", 1],
      ["data.x_1", 1],
    ]);
    await register("drifting", "boss_defeated", {
      properties: {
        score: {},
        data: {
          properties: {
            boss: { properties: { name: { type: "string" } } },
            parts: { items: { properties: { id: {} } } },
            weapon: { type: "string" },
            old: false,
          },
          patternProperties: { "^x_": {} },
          anyOf: [{ properties: { level: { type: "integer" } } }],
        },
      },
    });
    const { unnamed, never_seen, violations } = await drift();
    expect(unnamed).toEqual([
      { field: "data.loot", events: 2, types: ["number", "string"], example_event_id: "drift-3" },
      { field: "data.boss.heads", events: 1, types: ["integer"], example_event_id: "drift-1" },
      { field: "data.parts.*.glow", events: 1, types: ["boolean"], example_event_id: "drift-1" },
    ]);
    expect(never_seen).toEqual(["score", "data.weapon"]);
    expect(violations).toEqual([
      {
        field: "data",
        events: 1,
        message: "data fits none of the alternatives (schema version 1)",
        example_event_id: "drift-2",
      },
    ]);
    expect(await (await get("/schemas/boss_defeated?project_id=drifting")).json()).toMatchObject({
      drift: { violations },
    });
    // A key limited to a tag sees only that tag's events.
    const limited = await makeApiKey({ role: "analyst", project_id: "drifting", banner_tags: ["a"] });
    expect((await drift(undefined, bearer(limited))).sample.events).toBe(1);
    expect(await drift("nothing_yet/drift")).toMatchObject({ sample: { events: 0, since: null }, unnamed: [] });
  });
});
