/** Keys: who may send and read what; made, changed, rotated, revoked. */
import { useState } from "preact/hooks";
import type { KeyView } from "../../worker/admin/keys.ts";
import { useAnswer } from "../answers.ts";
import { useNavigation } from "../navigation.ts";
import { Answered, Choices, Panel } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import { DataTable, TableSkeleton } from "../table/table.tsx";
import { TableTools } from "../table/tools.tsx";
import { COLUMNS, standingOf } from "./columns.tsx";
import { ChangeKey, MakeKey, RevokeKey, RotateKey, type Shown, ShownKey } from "./dialogs.tsx";
import { keys } from "./query.ts";

/** What is in front of the list. */
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
      title="Keys"
      actions={
        <>
          <Choices
            legend="Which keys"
            options={{ active: "Active", all: "All" }}
            chosen={all ? "all" : "active"}
            choose={(part) => go({ part: part === "all" ? part : undefined }, "replace")}
          />
          <TableTools find="Find a key" />
          <button type="button" class="button primary" onClick={() => open({ what: "make" })}>
            Create key
          </button>
        </>
      }
    >
      <p class="lead">
        Who sends events or reads figures does so with a key. The secret <code>ADMIN_TOKEN</code> is not among them.
        Times: {scope.timezone}.
      </p>
      <Answered answer={answer} what="keys" skeleton={<TableSkeleton columns={COLUMNS} />}>
        {({ rows }) => (
          <DataTable
            name="Keys"
            columns={COLUMNS}
            rows={rows.filter((key) => all || standingOf(key) === "active")}
            keyOf={({ id }) => id}
            timezone={scope.timezone}
            sort="-created_at"
            press={(key) => ({ title: `Open the key ${key.name}`, go: () => open({ what: "change", key }) })}
            none={<p>{rows.length === 0 ? "There is no key yet. Make one to send events." : "No key is active."}</p>}
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
