/** The error of an event's field, in the form of answers and of the OpenAPI document. */
import * as z from "zod";
import { ERROR_CODES } from "../event.ts";

export const fieldError = z
  .object({ field: z.string(), message: z.string(), code: z.enum(ERROR_CODES) })
  .meta({ id: "FieldError" });
