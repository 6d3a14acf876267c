/** The filters of the reports: tags, other fields, and segments, which save several conditions under a name. */
import { useState } from "preact/hooks";
import { may } from "../../worker/http/principal.ts";
import { useAction } from "../act/action.ts";
import { Confirm } from "../act/dialog.tsx";
import { Field, type Filled, Form, Tick } from "../act/form.tsx";
import { FIELD_NAMES, FIELD_TITLES, filtersOf, hasFields, isFiltered, NO_FILTERS } from "../address.ts";
import { useAnswer } from "../answers.ts";
import { client, credential, read } from "../api.ts";
import { fieldValue } from "../format.ts";
import { Remove } from "../icons.tsx";
import { Menu } from "../menu.tsx";
import { useNavigation } from "../navigation.ts";
import type { Scope } from "../scope.ts";
import type { ViewEntry } from "../views.ts";
import { words } from "../words.ts";
import { chosenIn, FieldChoices } from "./field-choices.tsx";
import { segments } from "./segments.ts";

const CONDITIONS = {
  banner_tag: words.frame.isWord,
  banner_tag_not: words.frame.isNot,
  banner_tag_contains: words.frame.contains,
};
type Condition = keyof typeof CONDITIONS;
const NAMES = Object.keys(CONDITIONS) as Condition[];

export function FilterMenu({ scope, entry }: { scope: Scope; entry: ViewEntry }) {
  const { address, go } = useNavigation();
  const [removed, remove] = useState<string | null>(null);
  const filtered = isFiltered(address);
  // Share links have no segments.
  const signedIn = credential() === null;
  const { data } = useAnswer(signedIn ? segments(address.project_id) : null);
  return (
    <>
      <Menu label={words.frame.filter} button={<span>{words.frame.filter}</span>}>
        {(close) => (
          <div class="filter-menu">
            <form
              class="menu-form"
              onSubmit={(event) => {
                event.preventDefault();
                const form = new FormData(event.currentTarget);
                const condition = String(form.get("condition")) as Condition;
                const tag = String(form.get("tag") ?? "").trim();
                go({ ...chosenIn(form, address), ...(tag && { [condition]: [...address[condition], tag] }) });
                close();
              }}
            >
              <label>
                {words.common.tag}
                <select class="input" name="condition">
                  {NAMES.map((name) => (
                    <option key={name} value={name}>
                      {CONDITIONS[name]}
                    </option>
                  ))}
                </select>
              </label>
              <input
                class="input"
                name="tag"
                aria-label={words.frame.whichTag}
                maxLength={128}
                autocomplete="off"
                spellcheck={false}
              />
              {/* A share link sees only what the tables have: the server counts no further filters for it. */}
              {signedIn && entry.fields && <FieldChoices scope={scope} />}
              <button type="submit" class="button primary">
                {words.frame.apply}
              </button>
            </form>
            {(data?.rows.length ?? 0) > 0 && (
              <section aria-label={words.frame.savedSegments}>
                <h3>{words.frame.savedSegments}</h3>
                <ul class="segments">
                  {data?.rows.map(({ segment_id, name, own: isOwn }) => (
                    <li key={segment_id}>
                      <button
                        type="button"
                        class="link"
                        aria-pressed={segment_id === address.segment_id}
                        onClick={() => {
                          go({ ...NO_FILTERS, segment_id });
                          close();
                        }}
                      >
                        {name}
                      </button>
                      {isOwn && (
                        <button
                          type="button"
                          class="button quiet square"
                          aria-label={words.frame.deleteTheSegment(name)}
                          onClick={() => remove(segment_id)}
                        >
                          <Remove />
                        </button>
                      )}
                    </li>
                  ))}
                </ul>
              </section>
            )}
            {signedIn && filtered && address.segment_id === undefined && <SaveSegment scope={scope} close={close} />}
          </div>
        )}
      </Menu>
      {removed !== null && <RemoveSegment segment_id={removed} scope={scope} close={() => remove(null)} />}
    </>
  );
}

function SaveSegment({ scope: { address, principal }, close }: { scope: Scope; close: () => void }) {
  const { go } = useNavigation();
  const action = useAction(async ({ name = "", shared }: Filled) => {
    const { segment_id: _, ...filter } = filtersOf(address);
    const body = {
      project_id: address.project_id,
      name,
      filter: filter as NonNullable<unknown>,
      shared: shared === "on",
    };
    const { segment_id } = await read(client.segments.$post({ json: body }));
    go({ ...NO_FILTERS, segment_id });
  }, words.frame.theSegmentIsSaved);
  return (
    <Form action={action} label={words.frame.saveAsASegment} done={close}>
      <Field name="name" label={words.frame.segmentName} required />
      {may(principal, "admin") && <Tick name="shared" label={words.frame.shareWithEveryoneInThis} />}
    </Form>
  );
}

type Removed = { segment_id: string; scope: Scope; close: () => void };

function RemoveSegment({ segment_id, scope: { address }, close }: Removed) {
  const { go } = useNavigation();
  const action = useAction(async () => {
    await read(client.segments[":segment_id"].$delete({ param: { segment_id } }));
    if (address.segment_id === segment_id) go({ segment_id: undefined });
  }, words.frame.theSegmentIsDeleted);
  return (
    <Confirm
      title={words.frame.deleteSegmentTitle}
      label={words.frame.deleteSegmentButton}
      action={action}
      close={close}
    >
      <p>{words.frame.addressesAndShareLinksThat}</p>
    </Confirm>
  );
}

export function FilterChips({ entry }: { entry: ViewEntry }) {
  const { address, go } = useNavigation();
  const { data } = useAnswer(
    address.segment_id === undefined || credential() !== null ? null : segments(address.project_id),
  );
  const segment = data?.rows.find(({ segment_id }) => segment_id === address.segment_id);
  return (
    <>
      {address.segment_id !== undefined && (
        <Chip
          is={words.common.segment}
          value={segment?.name ?? address.segment_id}
          remove={() => go({ segment_id: undefined })}
        />
      )}
      {NAMES.flatMap((name) =>
        address[name].map((value) => (
          <Chip
            key={`${name} ${value}`}
            is={words.frame.tag(CONDITIONS[name])}
            value={value}
            remove={() => go({ [name]: address[name].filter((other) => other !== value) })}
          />
        )),
      )}
      {entry.fields
        ? FIELD_NAMES.flatMap((name) =>
            address[name].map((value) => (
              <Chip
                key={`${name} ${value}`}
                is={words.frame.fieldIs(FIELD_TITLES[name])}
                value={fieldValue(name, value)}
                remove={() => go({ [name]: address[name].filter((other) => other !== value) })}
              />
            )),
          )
        : hasFields(address) && <span class="muted">{words.frame.notNarrowedByCountryDevice}</span>}
    </>
  );
}

function Chip({ is, value, remove }: { is: string; value: string; remove: () => void }) {
  return (
    <span class="chip">
      <span class="muted">{is}</span> <strong>{value}</strong>
      <button type="button" aria-label={words.frame.removeTheFilter(is, value)} onClick={remove}>
        <Remove />
      </button>
    </span>
  );
}
