/** Making and changing payout rules and click rules; one conversion, with why it pays what it pays and what can be decided. */
import { useState } from "preact/hooks";
import type { ClickRuleView } from "../../worker/admin/click-rules.ts";
import type { RuleView } from "../../worker/admin/payout-rules.ts";
import { useAction } from "../act/action.ts";
import { Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf, Tick } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { timeText } from "../format.ts";
import { keep } from "../kept.tsx";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { Standing } from "./columns.tsx";
import { conversion } from "./query.ts";

const NONE = { "": "No tiers", number: "by a number of conversions", sum: "by what they came to" };

/** `11: 40, 30%` on each line: from the month's number 11 on 40 for each, and 30 % of the revenue. */
const tiersOf = (text: string | undefined, by: string | undefined) =>
  linesOf(text, /\n/).map((line) => {
    const [from = "", ...parts] = line.split(/[:,]/).map((part) => part.trim());
    const share = parts.find((part) => part.endsWith("%"))?.slice(0, -1);
    const amount = parts.find((part) => !part.endsWith("%"));
    return { from: by === "sum" ? from : Number(from), amount: amount ?? null, share: share ?? null };
  });
const tierText = ({ from, amount, share }: { from: number | string; amount: string | null; share: string | null }) =>
  `${from}: ${[amount, share && `${share}%`].filter(Boolean).join(", ")}`;

/** Without a rule it makes one. */
type Ruled<Rule> = { scope: Scope; rule?: Rule; close: () => void; end: () => void };

const End = ({ end }: { end: () => void }) => (
  <p>
    <button type="button" class="button danger" onClick={end}>
      End the rule…
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
  }, "Done.");
  const title = rule ? "Change the rule" : "Make a rule";
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
          <Field name="name" label="Name" required />
          <Field name="valid_from" label="Valid from" type="date" value={today} required />
        </div>
        <div class="fields">
          <Field name="event_type" label="Event type" required />
          <Field name="banner_tags" label="Tags" hint="Empty: every tag that no rule names." />
        </div>
        <div class="fields">
          <Field name="amount" label="For each" />
          <Field name="share" label="Percent of revenue" />
          <Field name="currency" label="Currency" placeholder="EUR" />
        </div>
        <div class="fields">
          <Field name="min_amount" label="Least amount" />
          <Field name="hold_days" label="Approved after days" type="number" />
        </div>
        <div class="fields">
          <Field name="cap_day" label="Most a day" type="number" />
          <Field name="cap_month" label="Most a month" type="number" />
        </div>
        <div class="fields">
          <Field name="tiers_by" label="Tiers" options={NONE} />
          <Field
            name="tiers"
            label="Each tier"
            lines={2}
            value={terms?.tiers.map(tierText).join("\n")}
            hint="Such as 11: 40, 30%"
          />
        </div>
        <Tick name="first_deposit" label="Only a player's first deposit" />
        {rule && <End end={end} />}
      </Form>
    </Dialog>
  );
}

const CLICK_KINDS = {
  too_fast: "Too fast after the click",
  too_late: "Too late after the click",
  same_network: "Many from one network",
  same_device: "Many from one device",
  velocity: "Many of one tag",
};
/** Of the others: how many are too many. */
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
  }, "Done.");
  const title = rule ? "Change the click rule" : "Make a click rule";
  return (
    <Dialog title={title} wide close={close}>
      <Form action={action} values={{ ...before, ...terms }} label={title} done={close} cancel={close}>
        <div class="fields">
          <Field name="name" label="Name" required />
          <Field name="valid_from" label="Valid from" type="date" value={today} required />
        </div>
        <div class="fields">
          <Field name="kind" label="Flags" options={CLICK_KINDS} change={choose} />
          <Field
            name="seconds"
            label="Seconds"
            type="number"
            required
            hint={
              byTime ? "Between the click and the conversion." : "Before the conversion, in which others are counted."
            }
          />
          {!byTime && (
            <Field
              name="conversions"
              label="Conversions"
              type="number"
              required
              hint={kind === "velocity" ? "So many are allowed." : "So many of other people are too many."}
            />
          )}
        </div>
        <div class="fields">
          <Field name="event_type" label="Event type" hint="Empty: all that payout rules judge." />
          <Field name="banner_tags" label="Tags" hint="Empty: every tag." />
        </div>
        {rule && <End end={end} />}
      </Form>
    </Dialog>
  );
}

const DECISIONS = { approve: "Approve", reject: "Reject", refund: "Refund", "charge-back": "Charge back" };

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
    "Done.",
  );
  return (
    <Dialog title={`Conversion ${event_id}`} wide close={close}>
      <div class="dialog-body">
        <Answered answer={answer} what="the conversion" skeleton={null}>
          {({ status, explanation, history }) => (
            <>
              <p>
                <Standing status={status} /> {explanation}
              </p>
              <ul>
                {history.map(({ at, actor, status, amount, currency, reason }) => (
                  <li key={at}>
                    {timeText(at, timezone)}, by {actor}: {status?.replace("_", " ") ?? `${amount} ${currency}`} —{" "}
                    {reason}
                  </li>
                ))}
              </ul>
            </>
          )}
        </Answered>
      </div>
      {decides && (
        <Form action={action} label="Decide" cancel={close}>
          <div class="fields">
            <Field name="decision" label="Decision" options={DECISIONS} />
            <Field name="reason" label="Reason" required />
          </div>
        </Form>
      )}
    </Dialog>
  );
}
