/** The fields of a project that stand in more than one form. */
import type { ComponentChildren } from "preact";
import { Field } from "../act/form.tsx";

type Given = { value?: string; hint?: ComponentChildren };

export const TimeZone = (given: Given) => (
  <Field name="timezone" label="Time zone" suggestions={Intl.supportedValuesOf("timeZone")} required {...given} />
);

export const Currency = (given: Given) => (
  <Field name="currency" label="Currency" suggestions={Intl.supportedValuesOf("currency")} required {...given} />
);
