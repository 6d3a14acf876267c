/** The columns of the funnel by tag. */
import type { FunnelStep } from "../../worker/reports/funnel.ts";
import { spoken, titled } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

export type Group = { banner_tag: string | null; steps: readonly FunnelStep[] };

const STEPS = ["visit", "registration", "first_deposit", "repeat_deposit"] as const;

/** A short name for the passage from the previous step to this one. */
const PASSAGES: Record<string, string> = {
  registration: words.common.visitReg,
  first_deposit: words.common.regFirstDep,
  repeat_deposit: words.funnel.firstRepeatDep,
};

export const COLUMNS: readonly Column<Group>[] = [
  {
    name: "banner_tag",
    title: words.common.tag,
    kind: "text",
    value: ({ banner_tag }) => banner_tag ?? words.common.withoutTag,
  },
  ...STEPS.flatMap((name, index): Column<Group>[] => {
    const stepOf = ({ steps }: Group) => steps[index] as FunnelStep;
    const before = spoken(STEPS[index - 1] ?? "");
    const people: Column<Group> = {
      name,
      title: titled(name),
      kind: "count",
      hint: words.common.visitors,
      value: (row) => stepOf(row).players,
    };
    if (index === 0) return [people];
    return [
      people,
      {
        name: `${name}_rate`,
        title: PASSAGES[name] ?? "",
        kind: "rate",
        hint: words.funnel.ofThoseAtTheStepBefore(before),
        value: (row) => stepOf(row).rate_from_previous,
      },
      {
        name: `${name}_after`,
        title: words.funnel.passageMedian(PASSAGES[name] ?? ""),
        kind: "duration",
        hint: words.funnel.sinceTheHalfOfThemWere(before),
        value: (row) => stepOf(row).median_seconds_from_previous,
        optional: true,
      },
    ];
  }),
];
