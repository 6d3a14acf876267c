/** The columns of lists of events. */
import type { EventView } from "../../worker/reports/event.ts";
import { Price } from "../figure.tsx";
import { stateText, titled } from "../format.ts";
import type { Column } from "../table/columns.ts";
import { words } from "../words.ts";

const text = (name: "player_id" | "app_id" | "country" | "device", title: string): Column<EventView> => ({
  name,
  title,
  kind: "text",
});

export const EVENT_COLUMNS: readonly Column<EventView>[] = [
  { name: "timestamp", title: words.events.time, kind: "time" },
  {
    name: "event_type",
    title: words.common.event,
    kind: "text",
    show: ({ event_type, outcome }) => (
      <>
        {titled(event_type)}
        {outcome !== "counted" && (
          <>
            {" "}
            <span class="badge warn" title={words.events.itIsInNoFigure}>
              {stateText(outcome)}
            </span>
          </>
        )}
      </>
    ),
  },
  text("player_id", words.common.playerTitle),
  {
    name: "amount",
    title: words.common.amount,
    kind: "money",
    show: ({ amount, currency }) =>
      amount !== null && currency !== null ? <Price amount={amount} currency={currency} /> : undefined,
  },
  { name: "score", title: words.common.score, kind: "count" },
  {
    name: "banner_tag",
    title: words.common.tag,
    kind: "text",
    hint: words.events.thatItCountsForItsOwnOrThe,
    show: ({ banner_tag, attributed }) =>
      banner_tag === null ? undefined : (
        <>
          {banner_tag}
          {attributed && (
            <>
              {" "}
              <span class="badge" title={words.events.notItsOwnTheLastTagBefore}>
                {words.events.attributed}
              </span>
            </>
          )}
        </>
      ),
  },
  text("app_id", words.common.app),
  text("country", words.common.country),
  text("device", words.common.device),
];
