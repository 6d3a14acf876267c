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
/** A decimal with two to four places. */
export const money = z.string();
/** By currency. */
export const amounts = z.record(z.string(), money);
/** Of which project, on which clock. */
export const named = { project_id: text, timezone: text };
export const days = { from: z.iso.date(), to: z.iso.date() };
