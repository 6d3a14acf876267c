/**
 * NGR by a rule: the net amount less a share of it. The project sets the share for fees, taxes and bonuses. A project
 * without such a share has no NGR.
 */
import type { Project } from "../project.ts";
import { money } from "./answer.ts";
import { formatAverage } from "./usd.ts";

/** 100 %, in hundredths of a per cent. */
const WHOLE = 10_000;

export const ngr = money
  .exactOptional()
  .describe("The net amount less the project's `ngr_deduction_percent`; absent where it names none.");

/** Of a net amount in 1e-12 of its currency: the share has two places, and the figure is rounded once. */
export function ngrOf(
  { ngr_deduction_percent }: Pick<Project, "ngr_deduction_percent">,
  net: bigint,
): string | undefined {
  // A copy of the settings that an earlier version made has no share.
  if (ngr_deduction_percent == null) return undefined;
  const left = BigInt(WHOLE - Math.round(ngr_deduction_percent * 100));
  return formatAverage(net * left, WHOLE) ?? undefined;
}
