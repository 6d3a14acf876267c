/** The server's contract for the SDK: only types, taken from the server's code. The build writes them out as plain types. */
import type * as z from "zod";
import type { BUILT_IN_TYPES, FieldError, wireEvent } from "../../worker/event.ts";

type Flat<T> = { [Key in keyof T]: T[Key] };

export type BuiltInType = (typeof BUILT_IN_TYPES)[number];
/** Every field of an event, as it may be sent. */
export type WireFields = Flat<z.input<typeof wireEvent>>;
/** What the server says about a field that it refuses. */
export type ServerError = Flat<FieldError>;
