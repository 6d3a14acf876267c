/** The keys of the API with their rights: they can be made, changed, rotated and revoked. */
import { useState } from "preact/hooks";
import type { KeyView } from "../../worker/admin/keys.ts";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { words } from "../words.ts";
import { COLUMNS, standingOf } from "./columns.tsx";
import { ChangeKey, MakeKey, RevokeKey, RotateKey, type Shown, ShownKey } from "./dialogs.tsx";
import { keys } from "./query.ts";

/** The open dialog. */
type Opened =
  | { what: "make" }
  | { what: "change" | "rotate" | "revoke"; key: KeyView }
  | { what: "shown"; shown: Shown };

export function KeysPanel({ scope }: { scope: Scope }) {
  const { address, go } = useNavigation();
  const [opened, open] = useState<Opened | null>(null);
  const answer = useAnswer(keys());
  const all = address.part === "all";
  return (
    <Panel
      name="keys-panel"
      title={words.common.keys}
      actions={
        <>
          <Choices
            legend={words.keys.whichKeys}
            options={{ active: words.common.active, all: words.common.all }}
            chosen={all ? "all" : "active"}
            choose={(part) => go({ part: part === "all" ? part : undefined }, "replace")}
          />
          <TableTools find={words.keys.findAKey} />
          <button type="button" class="button primary" onClick={() => open({ what: "make" })}>
            {words.common.createKey}
          </button>
        </>
      }
    >
      <p class="lead">{words.keys.whoSendsEventsOrReads(<code>ADMIN_TOKEN</code>, scope.timezone)}</p>
      <Answered answer={answer} what={words.keys.keys} skeleton={<TableSkeleton columns={COLUMNS} />}>
        {({ rows }) => (
          <DataTable
            name={words.common.keys}
            columns={COLUMNS}
            rows={rows.filter((key) => all || standingOf(key) === "active")}
            keyOf={({ id }) => id}
            timezone={scope.timezone}
            sort="-created_at"
            press={(key) => ({ title: words.keys.openTheKey(key.name), go: () => open({ what: "change", key }) })}
            none={<p>{rows.length === 0 ? words.keys.thereIsNoKeyYetMakeOneTo : words.keys.noKeyIsActive}</p>}
          />
        )}
      </Answered>
      <Front opened={opened} open={open} scope={scope} />
    </Panel>
  );
}

type Front = { opened: Opened | null; open: (opened: Opened | null) => void; scope: Scope };

function Front({ opened, open, scope }: Front) {
  const close = () => open(null);
  const show = (shown: Shown) => open({ what: "shown", shown });
  switch (opened?.what) {
    case "make":
      return <MakeKey scope={scope} show={show} close={close} />;
    case "shown":
      return <ShownKey shown={opened.shown} close={close} />;
    case "change": {
      const { key } = opened;
      return <ChangeKey of={key} scope={scope} open={(what) => open({ what, key })} close={close} />;
    }
    case "rotate":
      return <RotateKey of={opened.key} scope={scope} show={show} close={close} />;
    case "revoke":
      return <RevokeKey of={opened.key} scope={scope} close={close} />;
    default:
      return null;
  }
}
