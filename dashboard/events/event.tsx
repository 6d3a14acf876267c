/** All fields of one event. */
import type { EventView } from "../../worker/reports/event.ts";
import { Copied } from "../act/copied.tsx";
import { Dialog } from "../act/dialog.tsx";
import { useAnswer } from "../answers.ts";
import { Facts, FactsSkeleton, factsOf } from "../facts.tsx";
import { titled } from "../format.ts";
import { Answered } from "../panel.tsx";
import type { Scope } from "../scope.ts";
import type { Kind } from "../table/columns.ts";
import { words } from "../words.ts";
import { event } from "./query.ts";

const KINDS: Partial<Record<keyof EventView, Kind>> = {
  timestamp: "time",
  received_at: "time",
  event_date: "date",
  amount: "money",
  score: "count",
};

type Shown = { scope: Scope; event_id: string; close: () => void };

export function EventDialog({ scope, event_id, close }: Shown) {
  const answer = useAnswer(event(scope, event_id));
  return (
    <Dialog title={words.common.event} close={close} wide>
      <p class="lead">{words.events.timesInEmptyFieldsWereNot(scope.timezone)}</p>
      <Answered answer={answer} what={words.events.event} skeleton={<FactsSkeleton facts={29} />}>
        {(found) => <Fields of={found} timezone={scope.timezone} />}
      </Answered>
    </Dialog>
  );
}

function Fields({ of: event, timezone }: { of: EventView; timezone: string }) {
  const { data, ...fields } = event;
  const names = Object.keys(fields) as (keyof typeof fields)[];
  return (
    <>
      <Facts
        facts={names.flatMap((name) => {
          const value = fields[name];
          const shown = typeof value === "boolean" ? (value ? words.events.yes : words.events.no) : value;
          const [fact] = factsOf([{ name, title: titled(name), kind: KINDS[name] ?? "text", value: shown }], timezone);
          return fact && name === "amount" && event.amount !== null ? { ...fact, shown: event.amount } : (fact ?? []);
        })}
      />
      <h3>{titled("data")}</h3>
      {data === null ? <p class="lead">{words.events.noExtraData}</p> : <Copied text={JSON.stringify(data, null, 2)} />}
      <details>
        <summary>{words.events.theWholeEventAsJson}</summary>
        <Copied text={JSON.stringify(event, null, 2)} />
      </details>
    </>
  );
}
