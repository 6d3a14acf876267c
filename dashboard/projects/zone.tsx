/** The fields of a project that stand in more than one form. */
import type { ComponentChildren } from "preact";
import type { Action } from "../act/action.ts";
import { Field, type Filled } from "../act/form.tsx";

type Given = { value: string; hint?: ComponentChildren; action: Action<[Filled]> };

export const TimeZone = (given: Given) => (
  <Field name="timezone" label="Time zone" suggestions={Intl.supportedValuesOf("timeZone")} required {...given} />
);

export const Currency = (given: Given) => (
  <Field name="currency" label="Currency" suggestions={Intl.supportedValuesOf("currency")} required {...given} />
);
