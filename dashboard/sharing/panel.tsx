/** Share links: figures for people without a key, on a separate page or embedded in another site's. */
import { useMemo, useState } from "preact/hooks";
import type { ShareView } from "../../worker/admin/shares.ts";
import { addDays } from "../../worker/calendar.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Confirm, Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { endOf } from "../expiry.ts";
import { segments } from "../frame/segments.ts";
import { MAKE } from "../making.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { viewsOf } from "../views.ts";
import { words } from "../words.ts";
import { columnsOf } from "./columns.tsx";
import { embedOf, linkOf, readerOf, shares, standingOf } from "./query.ts";

type Shown = { name: string; token: string; password: boolean };
type Opened =
  | { what: "make"; tags: readonly string[] }
  | { what: "shown"; shown: Shown }
  | { what: "revoke"; share: ShareView };

const HIDDEN = "hidden";

/** The API's default lifetime of a link. */
const USUAL_DAYS = 30;

export function SharingPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const { project_id, timezone } = scope;
  const asked = address.part === MAKE;
  const [opened, open] = useState<Opened | null>(asked ? { what: "make", tags: address.banner_tag } : null);
  const answer = useAnswer(shares(project_id));
  const { data: saved } = useAnswer(segments(address.project_id));
  const columns = useMemo(() => columnsOf(saved?.rows ?? []), [saved]);
  const all = address.part === "all";
  const close = () => {
    open(null);
    if (asked) go({ part: undefined }, "replace");
  };
  return (
    <Panel
      name="sharing"
      title={words.common.sharing}
      actions={
        <>
          <Choices
            legend={words.sharing.whichLinks}
            options={{ open: words.sharing.open, all: words.common.all }}
            chosen={all ? "all" : "open"}
            choose={(part) => go({ part: part === "all" ? part : undefined }, "replace")}
          />
          <button type="button" class="button primary" onClick={() => open({ what: "make", tags: [] })}>
            {words.sharing.createLink}
          </button>
        </>
      }
    >
      <p class="lead">{words.sharing.whoeverHasALinkSeesThe(project_id, timezone)}</p>
      <Answered answer={answer} what={words.sharing.shareLinks} skeleton={<TableSkeleton columns={columns} rows={4} />}>
        {({ rows }) => (
          <DataTable
            name={words.sharing.shareLinksTable}
            columns={columns}
            rows={rows.filter((share) => all || standingOf(share) === "open")}
            keyOf={({ share_id }) => share_id}
            timezone={timezone}
            sort="-created_at"
            press={(share) =>
              standingOf(share) === "open"
                ? { title: words.sharing.revoke(share.name), go: () => open({ what: "revoke", share }) }
                : undefined
            }
            none={<p>{words.sharing.noLinkIsOpenMakeOneForA}</p>}
          />
        )}
      </Answered>
      {opened?.what === "make" && (
        <MakeLink scope={scope} tags={opened.tags} show={(shown) => open({ what: "shown", shown })} close={close} />
      )}
      {opened?.what === "shown" && <ShownLink shown={opened.shown} close={close} />}
      {opened?.what === "revoke" && <RevokeLink share={opened.share} close={close} />}
    </Panel>
  );
}

type Making = { scope: Scope; tags: readonly string[]; show: (shown: Shown) => void; close: () => void };

function MakeLink({ scope, tags: fixed, show, close }: Making) {
  const { project_id, timezone, today } = scope;
  const { data } = useAnswer(segments(scope.address.project_id));
  const shared = data?.rows.filter(({ shared }) => shared) ?? [];
  const action = useAction(async (filled: Filled) => {
    const { name = "", expires_at, password, segment_id, view } = filled;
    const tags = linesOf(filled.banner_tags);
    const body = {
      project_id,
      name,
      view,
      ...(expires_at && { expires_at: endOf(expires_at, timezone) }),
      ...(password && { password }),
      ...(segment_id && { segment_id }),
      ...(tags.length > 0 && { banner_tags: tags }),
      ...(filled.amounts === HIDDEN && { hide_amounts: true }),
    };
    const { token } = await read(client.shares.$post({ json: body }));
    show({ name, token, password: Boolean(password) });
  });
  return (
    <Dialog title={words.sharing.makeAShareLink} close={close}>
      <Form action={action} label={words.sharing.createTheLink} cancel={close}>
        <Field
          name="name"
          label={words.common.name}
          value={fixed.join(", ")}
          hint={words.sharing.whoItIsFor}
          required
        />
        <div class="fields">
          <Field
            name="view"
            label={words.sharing.openingView}
            options={Object.fromEntries(viewsOf(readerOf(project_id)).map(([view, { title }]) => [view, title]))}
            value="overview"
          />
          <Field
            name="expires_at"
            label={words.common.expires}
            type="date"
            value={addDays(today, USUAL_DAYS)}
            hint={words.sharing.toTheEndOfThisDayIn(timezone)}
            required
          />
        </div>
        <Field
          name="banner_tags"
          label={words.sharing.limitToTags}
          lines={2}
          value={fixed.join("\n")}
          hint={words.common.oneTagPerLineLeaveEmptyFor}
        />
        <div class="fields">
          <Field
            name="segment_id"
            label={words.sharing.fixedToASegment}
            options={{
              "": words.sharing.none,
              ...Object.fromEntries(shared.map(({ segment_id, name }) => [segment_id, name])),
            }}
            hint={shared.length === 0 ? words.sharing.noneIsSharedWithTheProject : words.sharing.asItIsAtAnyTime}
          />
          <Field
            name="password"
            label={words.common.password}
            type="password"
            hint={words.sharing.atLeast8CharactersOptional}
          />
        </div>
        <Field
          name="amounts"
          label={words.sharing.amountsOfMoney}
          options={{ shown: "shown", [HIDDEN]: words.sharing.hiddenNoAmountsOfMoney }}
          value="shown"
        />
      </Form>
    </Dialog>
  );
}

function ShownLink({ shown: { name, token, password }, close }: { shown: Shown; close: () => void }) {
  return (
    <Dialog title={words.sharing.theLink(name)} close={close}>
      <div class="dialog-body">
        <p>
          <strong>{words.common.copyItNowItIsNotShownAgain}</strong>{" "}
          {password && words.sharing.sendThePasswordByAnother}
        </p>
        <h3>{words.sharing.toOpenInABrowser}</h3>
        <Copied text={linkOf(token)} />
        <h3>{words.sharing.toPutIntoAPage}</h3>
        <Copied text={embedOf(token, name)} />
      </div>
      <p class="dialog-actions">
        <button type="button" class="button primary" onClick={close}>
          {words.common.doneButton}
        </button>
      </p>
    </Dialog>
  );
}

function RevokeLink({ share: { share_id, name }, close }: { share: ShareView; close: () => void }) {
  const action = useAction(
    () => read(client.shares[":share_id"].$delete({ param: { share_id } })),
    words.sharing.theLinkIsRevoked,
  );
  return (
    <Confirm title={words.common.revoke(name)} label={words.sharing.revokeTheLink} action={action} close={close}>
      <p>{words.sharing.whoeverHasItOpenSees}</p>
    </Confirm>
  );
}
