/** What is wrong with a field of an event, as answers and the document have it. */
import * as z from "zod";
import { ERROR_CODES } from "../event.ts";

export const fieldError = z
  .object({ field: z.string(), message: z.string(), code: z.enum(ERROR_CODES) })
  .meta({ id: "FieldError" });
