/** Dialogs for payout rules and click rules, and for one conversion: why it pays its amount, and the possible decisions. */
import { useState } from "preact/hooks";
import type { ClickRuleView } from "../../worker/admin/click-rules.ts";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { stateText, timeText } from "../format.ts";
import { keep } from "../kept.tsx";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { Standing } from "./columns.tsx";
import { conversion } from "./query.ts";

const NONE = {
  "": words.payouts.noTiers,
  number: words.payouts.byANumberOfConversions,
  sum: words.payouts.byWhatTheyCameTo,
};

/** One tier a line, such as `11: 40, 30%`: from the month's 11th conversion on, 40 for each and 30 % of the revenue. */
const tiersOf = (text: string | undefined, by: string | undefined) =>
  linesOf(text, /\n/).map((line) => {
    const [from = "", ...parts] = line.split(/[:,]/).map((part) => part.trim());
    const share = parts.find((part) => part.endsWith("%"))?.slice(0, -1);
    const amount = parts.find((part) => !part.endsWith("%"));
    return { from: by === "sum" ? from : Number(from), amount: amount ?? null, share: share ?? null };
  });
const tierText = ({ from, amount, share }: { from: number | string; amount: string | null; share: string | null }) =>
  `${from}: ${[amount, share && `${share}%`].filter(Boolean).join(", ")}`;

/** Without `rule` it makes a new one. */
type Ruled<Rule> = { scope: Scope; rule?: Rule; close: () => void; end: () => void };

const End = ({ end }: { end: () => void }) => (
  <p>
    <button type="button" class="button danger" onClick={end}>
      {words.payouts.endRuleOpens}
    </button>
  </p>
);

export function PayoutRuleForm({ scope: { project_id, today }, rule, close, end }: Ruled<RuleView>) {
  const before = rule?.versions[0];
  const terms = before?.terms;
  const action = useAction((filled: Filled) => {
    const { name = "", valid_from, event_type, currency, tiers_by } = filled;
    const tags = linesOf(filled.banner_tags);
    const number = (text: string | undefined) => (text ? Number(text) : null);
    return keep<object>("payout-rules", project_id, rule?.id, {
      name,
      valid_from,
      event_type,
      banner_tags: tags.length > 0 ? tags : null,
      ...(currency && { currency: currency.toUpperCase() }),
      first_deposit: filled.first_deposit !== undefined,
      min_amount: filled.min_amount || null,
      amount: filled.amount || null,
      share: filled.share || null,
      tiers_by: tiers_by || null,
      tiers: tiers_by ? tiersOf(filled.tiers, tiers_by) : [],
      cap_day: number(filled.cap_day),
      cap_month: number(filled.cap_month),
      hold_days: number(filled.hold_days),
    });
  }, words.common.done);
  const title = rule ? words.payouts.changeTheRule : words.payouts.makeARule;
  return (
    <Dialog title={title} wide close={close}>
      <Form
        action={action}
        values={{ event_type: "deposit", ...before, ...terms }}
        label={title}
        done={close}
        cancel={close}
      >
        <div class="fields">
          <Field name="name" label={words.common.name} required />
          <Field name="valid_from" label={words.payouts.validFrom} type="date" value={today} required />
        </div>
        <div class="fields">
          <Field name="event_type" label={words.common.eventType} required />
          <Field name="banner_tags" label={words.common.tags} hint={words.payouts.emptyEveryTagThatNoRule} />
        </div>
        <div class="fields">
          <Field name="amount" label={words.payouts.forEach} />
          <Field name="share" label={words.payouts.percentOfRevenue} />
          <Field name="currency" label={words.common.currency} placeholder="EUR" />
        </div>
        <div class="fields">
          <Field name="min_amount" label={words.common.leastAmount} />
          <Field name="hold_days" label={words.payouts.approvedAfterDays} type="number" />
        </div>
        <div class="fields">
          <Field name="cap_day" label={words.payouts.mostADay} type="number" />
          <Field name="cap_month" label={words.payouts.mostAMonth} type="number" />
        </div>
        <div class="fields">
          <Field name="tiers_by" label={words.payouts.tiers} options={NONE} />
          <Field
            name="tiers"
            label={words.payouts.eachTier}
            lines={2}
            value={terms?.tiers.map(tierText).join("\n")}
            hint={words.payouts.tiersExample}
          />
        </div>
        <Tick name="first_deposit" label={words.common.onlyAPlayerFirstDeposit} />
        {rule && <End end={end} />}
      </Form>
    </Dialog>
  );
}

const CLICK_KINDS = {
  too_fast: words.payouts.tooFastAfterTheClick,
  too_late: words.payouts.tooLateAfterTheClick,
  same_network: words.payouts.manyFromOneNetwork,
  same_device: words.payouts.manyFromOneDevice,
  velocity: words.payouts.manyOfOneTag,
};
/** The kinds with a limit in seconds; the other kinds have a largest number. */
const BY_TIME = ["too_fast", "too_late"];

export function ClickRuleForm({ scope: { project_id, today }, rule, close, end }: Ruled<ClickRuleView>) {
  const before = rule?.versions[0];
  const terms = before?.terms;
  const [kind, choose] = useState<string>(terms?.kind ?? "too_fast");
  const byTime = BY_TIME.includes(kind);
  const action = useAction(({ name, valid_from, kind, event_type, seconds, conversions, banner_tags }: Filled) => {
    const tags = linesOf(banner_tags);
    return keep<object>("click-rules", project_id, rule?.id, {
      ...{ name, valid_from, kind },
      event_type: event_type || null,
      banner_tags: tags.length > 0 ? tags : null,
      seconds: Number(seconds),
      conversions: conversions ? Number(conversions) : null,
    });
  }, words.common.done);
  const title = rule ? words.payouts.changeTheClickRule : words.payouts.makeAClickRule;
  return (
    <Dialog title={title} wide close={close}>
      <Form action={action} values={{ ...before, ...terms }} label={title} done={close} cancel={close}>
        <div class="fields">
          <Field name="name" label={words.common.name} required />
          <Field name="valid_from" label={words.payouts.validFrom} type="date" value={today} required />
        </div>
        <div class="fields">
          <Field name="kind" label={words.payouts.flags} options={CLICK_KINDS} change={choose} />
          <Field
            name="seconds"
            label={words.payouts.seconds}
            type="number"
            required
            hint={byTime ? words.payouts.betweenTheClickAndThe : words.payouts.beforeTheConversionInWhich}
          />
          {!byTime && (
            <Field
              name="conversions"
              label={words.payouts.conversions}
              type="number"
              required
              hint={kind === "velocity" ? words.payouts.soManyAreAllowed : words.payouts.soManyOfOtherPeopleAreToo}
            />
          )}
        </div>
        <div class="fields">
          <Field name="event_type" label={words.common.eventType} hint={words.payouts.emptyAllThatPayoutRules} />
          <Field name="banner_tags" label={words.common.tags} hint={words.common.emptyEveryTag} />
        </div>
        {rule && <End end={end} />}
      </Form>
    </Dialog>
  );
}

const DECISIONS = {
  approve: words.payouts.approve,
  reject: words.payouts.reject,
  refund: words.payouts.refund,
  "charge-back": words.payouts.chargeBack,
};

type Chosen = { scope: Scope; event_id: string; decides: boolean; close: () => void };

export function OneConversion({ scope: { project_id, timezone }, event_id, decides, close }: Chosen) {
  const answer = useAnswer(conversion(project_id, event_id));
  const action = useAction(
    ({ decision = "", reason = "" }: Filled) =>
      read(
        client.conversions[":event_id"][":decision"].$post({
          param: { event_id, decision },
          query: { project_id },
          json: { reason },
        }),
      ),
    words.common.done,
  );
  return (
    <Dialog title={words.payouts.conversion(event_id)} wide close={close}>
      <div class="dialog-body">
        <Answered answer={answer} what={words.payouts.theConversion} skeleton={null}>
          {({ status, explanation, history }) => (
            <>
              <p>
                <Standing status={status} /> {explanation}
              </p>
              <ul>
                {history.map(({ at, actor, status, amount, currency, reason }) => (
                  <li key={at}>
                    {words.payouts.by(
                      timeText(at, timezone),
                      actor,
                      status ? stateText(status) : `${amount} ${currency}`,
                      reason,
                    )}
                  </li>
                ))}
              </ul>
            </>
          )}
        </Answered>
      </div>
      {decides && (
        <Form action={action} label={words.payouts.decide} cancel={close}>
          <div class="fields">
            <Field name="decision" label={words.payouts.decision} options={DECISIONS} />
            <Field name="reason" label={words.common.reason} required />
          </div>
        </Form>
      )}
    </Dialog>
  );
}
