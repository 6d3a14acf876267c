/** The dialogs of the list of keys: make, change, rotate, revoke. */
import type { KeyView } from "../../worker/admin/keys.ts";
import type { Role } from "../../worker/http/principal.ts";
import { useAction } from "../act/action.ts";
import { Copied } from "../act/copied.tsx";
import { Confirm, Dialog } from "../act/dialog.tsx";
import { Field, type Filled, Form, linesOf } from "../act/form.tsx";
import { useAnswer } from "../answers.ts";
import { client, read } from "../api.ts";
import { endOf, lastDayOf } from "../expiry.ts";
import { Facts } from "../figure.tsx";
import { timeText } from "../format.ts";
import { projects } from "../projects/query.ts";
import type { Scope } from "../scope.ts";
import { words } from "../words.ts";
import { ROLES, standingOf } from "./columns.tsx";

/** A new key, which is shown only once. */
export type Shown = { name: string; key: string; note: string };

type Fronted = { scope: Scope; close: () => void };
type Showing = Fronted & { show: (shown: Shown) => void };
type OfKey = { of: KeyView };

const EVERY = "*";
const HIDDEN = "hidden";
/** What a key of the roles viewer and analyst sees. */
const AMOUNTS = { shown: "shown", [HIDDEN]: words.keys.hiddenNoAmountsOfMoney };

/** Null: every tag. */
const tagsIn = ({ banner_tags }: Filled): string[] | null => {
  const tags = linesOf(banner_tags);
  return tags.length > 0 ? tags : null;
};

const expiresIn = ({ expires_at }: Filled, { timezone }: Scope): string | null =>
  expires_at ? endOf(expires_at, timezone) : null;

export function MakeKey({ scope, show, close }: Showing) {
  const every = scope.principal.project_id === null;
  const { data } = useAnswer(projects());
  const action = useAction(async (filled: Filled) => {
    const { name = "", role, project_id } = filled;
    const body = {
      name,
      role: role as Role,
      project_id: project_id === EVERY ? null : project_id,
      banner_tags: tagsIn(filled),
      expires_at: expiresIn(filled, scope),
      hide_amounts: filled.amounts === HIDDEN,
    };
    const { key } = await read(client.keys.$post({ json: body }));
    show({ name, key, note: words.keys.sendItAsAuthorization });
  });
  const options = Object.fromEntries(
    (data?.rows ?? [{ project_id: scope.project_id }]).map(({ project_id }) => [project_id, project_id]),
  );
  return (
    <Dialog title={words.common.createKey} close={close}>
      <Form action={action} label={words.keys.createTheKey} cancel={close}>
        <Field name="name" label={words.common.name} hint={words.keys.ownerOrPurpose} required />
        <div class="fields">
          <Field name="role" label={words.keys.role} options={ROLES} value="viewer" />
          <Field
            name="project_id"
            label={words.common.project}
            options={{ ...options, ...(every && { [EVERY]: words.keys.everyProject }) }}
            value={scope.project_id}
          />
        </div>
        <Limits scope={scope} />
      </Form>
    </Dialog>
  );
}

type Limited = { of?: KeyView; scope: Scope };

function Limits({ of: apiKey, scope: { timezone } }: Limited) {
  return (
    <>
      <Field
        name="banner_tags"
        label={words.keys.limitedToTags}
        hint={words.common.oneTagPerLineLeaveEmptyFor}
        lines={3}
        value={apiKey?.banner_tags?.join("\n")}
      />
      <Field
        name="expires_at"
        label={words.common.expires}
        type="date"
        hint={words.keys.toTheEndOfThisDayInEmptyIt(timezone)}
        value={apiKey?.expires_at ? lastDayOf(apiKey.expires_at, timezone) : undefined}
      />
      {(apiKey === undefined || apiKey.role === "viewer" || apiKey.role === "analyst") && (
        <Field
          name="amounts"
          label={words.keys.amountsOfMoney}
          options={AMOUNTS}
          hint={words.keys.onlyForTheRolesViewerAnd}
          value={apiKey?.hide_amounts ? HIDDEN : "shown"}
        />
      )}
    </>
  );
}

export function ShownKey({ shown: { name, key, note: explanation }, close }: { shown: Shown; close: () => void }) {
  return (
    <Dialog title={words.keys.theKey(name)} close={close}>
      <div class="dialog-body">
        <p>
          <strong>{words.common.copyItNowItIsNotShownAgain}</strong> {explanation}
        </p>
        <Copied text={key} />
        <p class="muted">{words.keys.whoHasItMayDoWhatItsRole}</p>
      </div>
      <p class="dialog-actions">
        <button type="button" class="button primary" onClick={close}>
          {words.common.doneButton}
        </button>
      </p>
    </Dialog>
  );
}

export function ChangeKey({
  of: apiKey,
  scope,
  open,
  close,
}: Fronted & OfKey & { open: (what: "rotate" | "revoke") => void }) {
  const { timezone, principal } = scope;
  const standing = standingOf(apiKey);
  const action = useAction(async (filled: Filled) => {
    const { name } = filled;
    const same = apiKey.expires_at !== null && filled.expires_at === lastDayOf(apiKey.expires_at, timezone);
    const expires_at = same ? apiKey.expires_at : expiresIn(filled, scope);
    const body = {
      name,
      banner_tags: tagsIn(filled),
      expires_at,
      ...(filled.amounts !== undefined && { hide_amounts: filled.amounts === HIDDEN }),
    };
    await read(client.keys[":id"].$patch({ param: { id: apiKey.id }, json: body }));
  }, words.keys.theKeyIsChangedThatHolds);
  return (
    <Dialog title={apiKey.name} close={close}>
      <Facts
        of={{
          Id: apiKey.id,
          Role: apiKey.role,
          Project: apiKey.project_id ?? words.common.everyProject,
          [standing === "revoked" ? words.keys.revoked : words.common.made]: timeText(
            apiKey.revoked_at ?? apiKey.created_at,
            timezone,
          ),
        }}
      />
      {apiKey.id === principal.key_id && <p class="lead">{words.keys.youAreSignedInWithThisKey}</p>}
      {standing === "revoked" ? (
        <p class="lead">{words.keys.itIsRefusedEverywhereAnd}</p>
      ) : (
        <>
          <Form action={action} label={words.common.save} done={close} cancel={close} keep>
            <Field name="name" label={words.common.name} value={apiKey.name} required />
            <Limits of={apiKey} scope={scope} />
          </Form>
          <p class="dialog-actions apart">
            <button type="button" class="button" onClick={() => open("rotate")}>
              {words.keys.rotate}
            </button>
            <button type="button" class="button danger" onClick={() => open("revoke")}>
              {words.keys.revoke}
            </button>
          </p>
        </>
      )}
    </Dialog>
  );
}

/** In seconds. */
const OVERLAPS = {
  0: words.keys.notAtAllItIsRefusedAtOnce,
  3600: words.keys.forAnHour,
  86400: words.keys.forADay,
  604800: words.keys.forAWeek,
  2592000: words.keys.for30Days,
};

export function RotateKey({ of: apiKey, scope: { timezone }, show, close }: Showing & OfKey) {
  const action = useAction(async ({ overlap_seconds }: Filled) => {
    const body = { overlap_seconds: Number(overlap_seconds) };
    const { key, replaces } = await read(client.keys[":id"].rotate.$post({ param: { id: apiKey.id }, json: body }));
    const until = replaces.expires_at && timeText(replaces.expires_at, timezone);
    const gone = body.overlap_seconds === 0 || until === null;
    show({
      name: apiKey.name,
      key,
      note: gone ? words.keys.theOldOneIsRefusedFromNow : words.keys.theOldOneWorksUntil(until, timezone),
    });
  });
  return (
    <Dialog title={words.keys.rotateTitle(apiKey.name)} close={close}>
      <Form action={action} label={words.keys.createTheNewKey} cancel={close}>
        <p>{words.keys.aNewKeyWithTheSameRole}</p>
        <Field name="overlap_seconds" label={words.keys.theOldKeyStillWorks} options={OVERLAPS} value="86400" />
      </Form>
    </Dialog>
  );
}

export function RevokeKey({ of: apiKey, scope: { principal }, close }: Fronted & OfKey) {
  const action = useAction(
    () => read(client.keys[":id"].$delete({ param: { id: apiKey.id } })),
    words.keys.theKeyIsRevoked,
  );
  return (
    <Confirm title={words.common.revoke(apiKey.name)} label={words.keys.revokeTheKey} action={action} close={close}>
      <p>{words.keys.whoeverUsesItOrIsSignedIn}</p>
      {apiKey.id === principal.key_id && (
        <p>
          <strong>{words.keys.youAreSignedInWithItThis}</strong>
        </p>
      )}
    </Confirm>
  );
}
