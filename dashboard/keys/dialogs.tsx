/** What can be done with a key, each in front of the list. */
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
import { ROLES, standingOf } from "./columns.tsx";

/** A key as it is given out, this once. */
export type Shown = { name: string; key: string; note: string };

type Fronted = { scope: Scope; close: () => void };
type Showing = Fronted & { show: (shown: Shown) => void };
type OfKey = { of: KeyView };

const EVERY = "*";
const HIDDEN = "hidden";
/** What a key of the roles viewer and analyst sees. */
const AMOUNTS = { shown: "shown", [HIDDEN]: "hidden: no amounts of money anywhere" };

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
    show({ name, key, note: "Send it as Authorization: Bearer." });
  });
  const options = Object.fromEntries(
    (data?.rows ?? [{ project_id: scope.project_id }]).map(({ project_id }) => [project_id, project_id]),
  );
  return (
    <Dialog title="Create key" close={close}>
      <Form action={action} label="Create the key" cancel={close}>
        <Field name="name" label="Name" hint="Owner or purpose" required />
        <div class="fields">
          <Field name="role" label="Role" options={ROLES} value="viewer" />
          <Field
            name="project_id"
            label="Project"
            options={{ ...options, ...(every && { [EVERY]: "Every project" }) }}
            value={scope.project_id}
          />
        </div>
        <Limits scope={scope} />
      </Form>
    </Dialog>
  );
}

type Limited = { of?: KeyView; scope: Scope };

function Limits({ of, scope: { timezone } }: Limited) {
  return (
    <>
      <Field
        name="banner_tags"
        label="Limited to tags"
        hint="One tag per line; leave empty for all."
        lines={3}
        value={of?.banner_tags?.join("\n")}
      />
      <Field
        name="expires_at"
        label="Expires"
        type="date"
        hint={`To the end of this day in ${timezone}. Empty: it does not expire.`}
        value={of?.expires_at ? lastDayOf(of.expires_at, timezone) : undefined}
      />
      {(of === undefined || of.role === "viewer" || of.role === "analyst") && (
        <Field
          name="amounts"
          label="Amounts of money"
          options={AMOUNTS}
          hint="Only for the roles viewer and analyst."
          value={of?.hide_amounts ? HIDDEN : "shown"}
        />
      )}
    </>
  );
}

export function ShownKey({ shown: { name, key, note }, close }: { shown: Shown; close: () => void }) {
  return (
    <Dialog title={`The key ${name}`} close={close}>
      <div class="dialog-body">
        <p>
          <strong>Copy it now: it is not shown again.</strong> {note}
        </p>
        <Copied text={key} />
        <p class="muted">Who has it may do what its role may. Keep it where secrets are kept.</p>
      </div>
      <p class="dialog-actions">
        <button type="button" class="button primary" onClick={close}>
          Done
        </button>
      </p>
    </Dialog>
  );
}

export function ChangeKey({ of, scope, open, close }: Fronted & OfKey & { open: (what: "rotate" | "revoke") => void }) {
  const { timezone, principal } = scope;
  const standing = standingOf(of);
  const action = useAction(async (filled: Filled) => {
    const { name } = filled;
    const same = of.expires_at !== null && filled.expires_at === lastDayOf(of.expires_at, timezone);
    const expires_at = same ? of.expires_at : expiresIn(filled, scope);
    const body = {
      name,
      banner_tags: tagsIn(filled),
      expires_at,
      ...(filled.amounts !== undefined && { hide_amounts: filled.amounts === HIDDEN }),
    };
    await read(client.keys[":id"].$patch({ param: { id: of.id }, json: body }));
  }, "The key is changed. That holds within 30 seconds.");
  return (
    <Dialog title={of.name} close={close}>
      <Facts
        of={{
          Id: of.id,
          Role: of.role,
          Project: of.project_id ?? "every project",
          [standing === "revoked" ? "Revoked" : "Made"]: timeText(of.revoked_at ?? of.created_at, timezone),
        }}
      />
      {of.id === principal.key_id && <p class="lead">You are signed in with this key.</p>}
      {standing === "revoked" ? (
        <p class="lead">It is refused everywhere, and nothing about it can be changed any more.</p>
      ) : (
        <>
          <Form action={action} label="Save" done={close} cancel={close} keep>
            <Field name="name" label="Name" value={of.name} required />
            <Limits of={of} scope={scope} />
          </Form>
          <p class="dialog-actions apart">
            <button type="button" class="button" onClick={() => open("rotate")}>
              Rotate…
            </button>
            <button type="button" class="button danger" onClick={() => open("revoke")}>
              Revoke…
            </button>
          </p>
        </>
      )}
    </Dialog>
  );
}

/** In seconds. */
const OVERLAPS = {
  0: "not at all: it is refused at once",
  3600: "for an hour",
  86400: "for a day",
  604800: "for a week",
  2592000: "for 30 days",
};

export function RotateKey({ of, scope: { timezone }, show, close }: Showing & OfKey) {
  const action = useAction(async ({ overlap_seconds }: Filled) => {
    const body = { overlap_seconds: Number(overlap_seconds) };
    const { key, replaces } = await read(client.keys[":id"].rotate.$post({ param: { id: of.id }, json: body }));
    const until = replaces.expires_at && timeText(replaces.expires_at, timezone);
    const gone = body.overlap_seconds === 0 || until === null;
    show({
      name: of.name,
      key,
      note: gone ? "The old one is refused from now on." : `The old one works until ${until} (${timezone}).`,
    });
  });
  return (
    <Dialog title={`Rotate ${of.name}`} close={close}>
      <Form action={action} label="Create the new key" cancel={close}>
        <p>A new key with the same role, project and limits takes its place.</p>
        <Field name="overlap_seconds" label="The old key still works" options={OVERLAPS} value="86400" />
      </Form>
    </Dialog>
  );
}

export function RevokeKey({ of, scope: { principal }, close }: Fronted & OfKey) {
  const action = useAction(() => read(client.keys[":id"].$delete({ param: { id: of.id } })), "The key is revoked.");
  return (
    <Confirm title={`Revoke ${of.name}?`} label="Revoke the key" action={action} close={close}>
      <p>Whoever uses it, or is signed in with it, is refused within 30 seconds. This cannot be undone.</p>
      {of.id === principal.key_id && (
        <p>
          <strong>You are signed in with it: this signs you out.</strong>
        </p>
      )}
    </Confirm>
  );
}
