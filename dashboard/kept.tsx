/** Items of a project that each have a page: how one is made or changed, and the actions on it. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useAction } from "./act/action.ts";
import { ActionError, Confirm } from "./act/dialog.tsx";
import { client, read } from "./api.ts";
import { useNavigation } from "./navigation.ts";
import { Panel } from "./panel.tsx";
import { words } from "./words.ts";

/** Their routes are of the same kind; rules, sources and channels are not tried, and rules and channels are not paused. */
type Kind = "payout-rules" | "click-rules" | "alerts" | "scheduled-reports" | "channels" | "postbacks" | "sources";

/** Makes an item, or changes the one with this id. */
export const keep = <Made,>(kind: Kind, project_id: string, id: string | undefined, settings: object) => {
  const routes = client[kind as "alerts"];
  // The answer is of this kind, which the compiler cannot know from `kind`.
  return read(
    id
      ? routes[":id"].$patch({ param: { id }, json: settings })
      : routes.$post({ json: { project_id, ...settings } as never }),
  ) as Promise<unknown> as Promise<Made>;
};

type Opened<Dialog> = "remove" | "change" | Dialog | null;
type Shown<Dialog> = {
  of: Kind;
  id: string;
  name: string;
  /** The name of the list, and what is removed together with an item. */
  all: string;
  lost: string;
  /** Undefined where the action is not possible. */
  paused?: boolean;
  /** The label of the test button; the answer of a test is shown. */
  test?: string;
  /** The dialog that is open, except the one that confirms a removal. */
  dialog: (opened: "change" | Dialog, open: (opened: Opened<Dialog>) => void, close: () => void) => ComponentChildren;
  children?: ComponentChildren;
};

export function Kept<Dialog extends object>(shown: Shown<Dialog>) {
  const { of: kind, id, name, all, lost, paused, test, dialog, children } = shown;
  const { go } = useNavigation();
  const [opened, open] = useState<Opened<Dialog>>(null);
  const action = useAction((act: () => Promise<unknown>) => act(), words.common.done);
  const param = { id };
  const close = () => open(null);
  const back = () => go({ part: undefined });
  const routes = client[kind as "alerts"][":id"];
  const act = (label: string, tone: string, run: () => void) => (
    <button type="button" class={`button ${tone}`} disabled={action.busy} onClick={run}>
      {label}
    </button>
  );
  const remove = async () => {
    await read(routes.$delete({ param }));
    back();
  };
  return (
    <>
      <Panel
        name="kept"
        title={name}
        actions={
          <>
            {act(all, "", back)}
            {act(words.act.change, "", () => open("change"))}
            {paused !== undefined &&
              act(paused ? words.act.resume : words.common.pause, "", () =>
                action.run(() => read<object>(routes.$patch({ param, json: { paused: !paused } }))),
              )}
            {act(words.common.remove, "danger", () => open("remove"))}
            {test &&
              act(action.busy ? words.common.working : test, "primary", () =>
                action.run(async () => open((await read(routes.test.$post({ param }))) as object as Dialog)),
              )}
          </>
        }
      >
        {children}
        {opened === null && <ActionError action={action} />}
      </Panel>
      {opened === "remove" ? (
        <Confirm
          title={words.common.removeIt(name)}
          label={words.act.removeForGood}
          action={{ ...action, run: () => action.run(remove) }}
          close={close}
        >
          <p>{lost}</p>
        </Confirm>
      ) : (
        opened && dialog(opened, open, close)
      )}
    </>
  );
}
