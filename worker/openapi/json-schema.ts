/** JSON Schema of the zod schemas that the routes use. Those with an `id` become components, and are referred to. */
import * as z from "zod";
import { tellsAmounts } from "../reports/answer.ts";
import { DESCRIPTIONS } from "./words.ts";

export type JsonSchema = { [keyword: string]: unknown };
export type Components = Record<string, JsonSchema>;
type Direction = "input" | "output";

/** `input` is what a sender may give, `output` what an answer holds. */
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

/** What tells amounts is null for a key that sees none, whatever it is for others. */
function nullWhereHidden({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  if (tellsAmounts(zodSchema) && typeof jsonSchema.type === "string") jsonSchema.type = [jsonSchema.type, "null"];
}

/** What zod makes, less what it says of every record, integer and date, and with a description for each known name. */
function tidy(made: object, io: Direction): JsonSchema {
  // Inside a schema of its own zod refers to `$defs`; here those are the document's components.
  const text = JSON.stringify(made).replaceAll('"#/$defs/', '"#/components/schemas/');
  return JSON.parse(text, (_, part) => {
    if (part?.format === "date-time" || part?.format === "date") delete part.pattern;
    if (part?.maximum === Number.MAX_SAFE_INTEGER) delete part.maximum;
    if (part?.minimum === Number.MIN_SAFE_INTEGER) delete part.minimum;
    if (part?.type !== "object") return part;
    delete part.propertyNames;
    // A client must not break when an answer gets another field.
    if (io === "output" && part.additionalProperties === false) delete part.additionalProperties;
    for (const [name, property] of Object.entries<JsonSchema>(part.properties ?? {})) {
      if (DESCRIPTIONS[name]) property.description ??= DESCRIPTIONS[name];
    }
    return part;
  });
}
