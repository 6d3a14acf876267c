/** The columns of the table of visitors' sources. */

import type { Field } from "../../worker/reports/field-filter.ts";
import type { TrafficRow } from "../../worker/reports/traffic.ts";
import { FieldMark } from "../field-mark.tsx";
import { fieldValue } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";
import { dimensionTitle } from "./dimension.ts";

export type Row = TrafficRow & { currency: string };

export const nameOf = (by: string, value: string | null): string =>
  value === null ? words.common.unknown : fieldValue(by as Field, value);

const money = {
  currency: ({ currency }: Row) => currency,
  missing: ({ unconverted }: Row) => unconverted,
  of: ({ deposits }: Row) => deposits,
};

export const columnsOf = (by: string): readonly Column<Row>[] => [
  {
    name: "value",
    title: dimensionTitle(by),
    kind: "text",
    hint: words.traffic.aVisitorCountsOnceByThe,
    value: ({ value }) => nameOf(by, value),
    show: ({ value }) => (
      <span title={value ?? words.breakdown.notKnown}>
        <FieldMark field={by as Field} value={value} />
        {nameOf(by, value)}
      </span>
    ),
  },
  {
    name: "visits",
    title: words.common.visits,
    kind: "count",
    hint: words.common.allVisitsIncludingRepeat,
    share: true,
  },
  {
    name: "first_deposits",
    title: words.common.firstDeposits,
    kind: "count",
    hint: words.traffic.visitorsWhoMadeTheirFirst,
    share: true,
    phone: true,
  },
  {
    name: "amount",
    title: words.common.depositAmount,
    kind: "money",
    hint: words.traffic.depositedByTheseVisitors,
    summed: true,
    share: true,
    phone: true,
    ...money,
  },
  {
    name: "deposit_per_visit",
    title: words.campaigns.epc,
    kind: "average",
    hint: words.campaigns.earningsPerClickDeposit,
    ...money,
  },
  {
    name: "registrations",
    title: words.common.registrations,
    kind: "count",
    hint: words.traffic.atMostOnePerDayAndVisitor,
    share: true,
  },
  {
    name: "visit_to_registration",
    title: words.common.visitReg,
    kind: "rate",
    hint: words.common.registrationsPerVisit,
    of: ({ visits }) => visits,
  },
  {
    name: "registration_to_first_deposit",
    title: words.common.regFirstDep,
    kind: "rate",
    hint: words.campaigns.firstDepositsPer,
    of: ({ registrations }) => registrations,
  },
  {
    name: "deposits",
    title: words.common.deposits,
    kind: "count",
    hint: words.common.allDepositsIncludingRepeat,
    share: true,
  },
  {
    name: "visitors",
    title: words.common.visitors,
    kind: "count",
    hint: words.traffic.distinctPeopleWhoVisited,
    optional: true,
  },
];
