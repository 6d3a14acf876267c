/** All details of one request. */
import type { RequestRow } from "../../worker/admin/requests.ts";
import { Copied } from "../act/copied.tsx";
import { Complaints, Dialog } from "../act/dialog.tsx";
import { Fact } from "../fact.tsx";
import { NOTHING, timeText } from "../format.ts";
import { words } from "../words.ts";
import { codesOf, Hint, Outcome } from "./columns.tsx";

const DOORS = { pixel: words.requests.aPixel, api: words.requests.theEventsApi, postback: words.requests.aPostback };

export function RequestDetail({ row, timezone, close }: { row: RequestRow; timezone: string; close: () => void }) {
  const { at, door, event_type, event_id, errors, hint, request } = row;
  return (
    <Dialog title={words.common.request} wide close={close}>
      <div class="dialog-body">
        {hint && (
          <p>
            <Hint text={hint} />
          </p>
        )}
        {errors.length > 0 && <Complaints of={errors} />}
        <dl class="facts">
          <Fact name={words.requests.outcome}>
            <Outcome row={row} />
          </Fact>
          <Fact name={words.requests.timeIn(timezone)}>{timeText(at, timezone)}</Fact>
          <Fact name={words.common.eventType}>{event_type ?? NOTHING}</Fact>
          {errors.length > 0 && <Fact name={words.common.error}>{codesOf(row)}</Fact>}
          <Fact name={words.common.eventId}>{event_id ?? NOTHING}</Fact>
          <Fact name={words.common.source}>{door ? DOORS[door] : words.requests.notKept}</Fact>
        </dl>
        <h3>
          {words.requests.atMost1KbWithoutSignatures(
            row.status === "accepted" ? words.requests.theEvent : words.requests.whatCame,
          )}
        </h3>
        <Copied text={JSON.stringify(request, null, 2)} />
      </div>
    </Dialog>
  );
}
