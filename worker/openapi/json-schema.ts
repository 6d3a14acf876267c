/** JSON Schemas from the zod schemas that the routes use. A schema with an `id` becomes a component, and others refer to it. */
import * as z from "zod";
import { tellsAmounts } from "../reports/answer.ts";
import { DESCRIPTIONS } from "./words.ts";

export type JsonSchema = { [keyword: string]: unknown };
export type Components = Record<string, JsonSchema>;
type Direction = "input" | "output";

/** `input` is what a sender may send, `output` what an answer contains. */
export function jsonSchema(schema: z.ZodType, io: Direction, components: Components): JsonSchema {
  const {
    $schema: _,
    $defs = {},
    id,
    ...rest
  } = tidy(z.toJSONSchema(schema, { io, override: io === "output" ? nullWhereHidden : () => undefined }), io);
  for (const [name, { id: _id, ...component }] of Object.entries($defs as Components)) components[name] = component;
  if (typeof id !== "string") return rest;
  components[id] = rest;
  return { $ref: `#/components/schemas/${id}` };
}

/** Fields with amounts are null for a key that may not see amounts, so the schema allows null for them. */
function nullWhereHidden({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  if (tellsAmounts(zodSchema) && typeof jsonSchema.type === "string") jsonSchema.type = [jsonSchema.type, "null"];
}

/** The schema that zod makes, without what it adds to every record, integer and date, and with a description for each known name. */
function tidy(made: object, io: Direction): JsonSchema {
  // zod makes each schema as a separate document with `$defs`; here these are the components of the OpenAPI document.
  const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text, (_, part) => {
    if (part?.format === "date-time" || part?.format === "date") delete part.pattern;
    if (part?.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
    if (part?.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum;
    if (part?.type !== "object") return part;
    delete part.propertyNames;
    // A client must not break when an answer gets a new field.
    if (io === "output" && part.additionalProperties === false) delete part.additionalProperties;
    for (const [name, property] of Object.entries<JsonSchema>(part.properties ?? {})) {
      if (DESCRIPTIONS[name]) property.description ??= DESCRIPTIONS[name];
    }
    return part;
  });
}
