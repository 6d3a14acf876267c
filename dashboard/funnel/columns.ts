/** The columns of the funnel by tag. */
import type { FunnelStep } from "../../worker/reports/funnel.ts";
import { words } from "../format.ts";
import type { Column } from "../table/columns.ts";

export type Group = { banner_tag: string | null; steps: readonly FunnelStep[] };

const STEPS = ["visit", "registration", "first_deposit", "repeat_deposit"] as const;

/** How the way to a step from the one before is called, where there is little room. */
const PASSAGES: Record<string, string> = {
  registration: "Visit → reg.",
  first_deposit: "Reg. → first dep.",
  repeat_deposit: "First → repeat dep.",
};

export const COLUMNS: readonly Column<Group>[] = [
  { name: "banner_tag", title: "Tag", kind: "text", value: ({ banner_tag }) => banner_tag ?? "(no tag)" },
  ...STEPS.flatMap((name, index): Column<Group>[] => {
    const of = ({ steps }: Group) => steps[index] as FunnelStep;
    const before = words(STEPS[index - 1] ?? "").toLowerCase();
    const people: Column<Group> = {
      name,
      title: words(name),
      kind: "count",
      hint: "Visitors",
      value: (row) => of(row).players,
    };
    if (index === 0) return [people];
    return [
      people,
      {
        name: `${name}_rate`,
        title: PASSAGES[name] ?? "",
        kind: "rate",
        hint: `Of those at the step before, ${before}`,
        value: (row) => of(row).rate_from_previous,
      },
      {
        name: `${name}_after`,
        title: `${PASSAGES[name]}, median`,
        kind: "duration",
        hint: `Since the ${before}: half of them were faster than this`,
        value: (row) => of(row).median_seconds_from_previous,
        optional: true,
      },
    ];
  }),
];
