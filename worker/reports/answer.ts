/** The parts that answers are made of. An answer's schema is the source of its type and of its documentation. */
import * as z from "zod";

/** ISO 8601, in UTC. */
export const instant = z.iso.datetime();
export const whole = z.int().min(0);
/** 0–1 as a rule; null where there is nothing to divide by. */
export const rate = z.number().nullable();
export const counts = z.record(z.string(), whole);
export const text = z.string();
export const maybe = z.string().nullable();

/** A value that reveals amounts of money: it is null for readers from whom amounts are hidden (`hiding.ts`). */
const AMOUNTS = z.registry<{ tells: "amounts" }>();
export function telling<Schema extends z.ZodType>(schema: Schema): Schema {
  AMOUNTS.add(schema, { tells: "amounts" });
  return schema;
}
/** A schema that was described is a copy, so its parents are asked, too. */
export const tellsAmounts = (schema: z.core.$ZodType): boolean => AMOUNTS.get(schema)?.tells === "amounts";

/** A decimal with two to four places. */
export const money = telling(z.string());
/** By currency. */
export const amounts = telling(z.record(z.string(), money));
/** Of which project, on which clock. */
export const named = { project_id: text, timezone: text };
export const days = { from: z.iso.date(), to: z.iso.date() };
