/** All that is known of one request. */
import type { RequestRow } from "../../worker/admin/requests.ts";
import { Copied } from "../act/copied.tsx";
import { Complaints, Dialog } from "../act/dialog.tsx";
import { Fact } from "../fact.tsx";
import { NOTHING, timeText } from "../format.ts";
import { codesOf, Hint, Outcome } from "./columns.tsx";

const DOORS = { pixel: "a pixel", api: "the events API", postback: "a postback" };

export function RequestDetail({ row, timezone, close }: { row: RequestRow; timezone: string; close: () => void }) {
  const { at, door, event_type, event_id, errors, hint, request } = row;
  return (
    <Dialog title="Request" wide close={close}>
      <div class="dialog-body">
        {hint && (
          <p>
            <Hint text={hint} />
          </p>
        )}
        {errors.length > 0 && <Complaints of={errors} />}
        <dl class="facts">
          <Fact name="Outcome">
            <Outcome row={row} />
          </Fact>
          <Fact name={`At (${timezone})`}>{timeText(at, timezone)}</Fact>
          <Fact name="Event type">{event_type ?? NOTHING}</Fact>
          {errors.length > 0 && <Fact name="Error">{codesOf(row)}</Fact>}
          <Fact name="Event id">{event_id ?? NOTHING}</Fact>
          <Fact name="Source">{door ? DOORS[door] : "not kept"}</Fact>
        </dl>
        <h3>{row.status === "accepted" ? "The event" : "What came"}, at most 1 KB, without signatures and keys</h3>
        <Copied text={JSON.stringify(request, null, 2)} />
      </div>
    </Dialog>
  );
}
