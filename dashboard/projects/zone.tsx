/** The fields of a project that several forms have. */
import type { ComponentChildren } from "preact";
import { Field } from "../act/form.tsx";
import { words } from "../words.ts";

type Given = { value?: string; hint?: ComponentChildren };

export const TimeZone = (given: Given) => (
  <Field
    name="timezone"
    label={words.common.timeZone}
    suggestions={Intl.supportedValuesOf("timeZone")}
    required
    {...given}
  />
);

export const Currency = (given: Given) => (
  <Field
    name="currency"
    label={words.common.currency}
    suggestions={Intl.supportedValuesOf("currency")}
    required
    {...given}
  />
);
