/** The columns of lists of events. */
import type { EventView } from "../../worker/reports/event.ts";
import { Price } from "../figure.tsx";
import { words } from "../format.ts";
import type { Column } from "../table/columns.ts";

const text = (name: "player_id" | "app_id" | "country" | "device", title: string): Column<EventView> => ({
  name,
  title,
  kind: "text",
});

export const EVENT_COLUMNS: readonly Column<EventView>[] = [
  { name: "timestamp", title: "Time", kind: "time" },
  {
    name: "event_type",
    title: "Event",
    kind: "text",
    show: ({ event_type, outcome }) => (
      <>
        {words(event_type)}
        {outcome !== "counted" && (
          <>
            {" "}
            <span class="badge warn" title="It is in no figure">
              {outcome}
            </span>
          </>
        )}
      </>
    ),
  },
  text("player_id", "Player"),
  {
    name: "amount",
    title: "Amount",
    kind: "money",
    show: ({ amount, currency }) =>
      amount !== null && currency !== null ? <Price amount={amount} currency={currency} /> : undefined,
  },
  { name: "score", title: "Score", kind: "count" },
  {
    name: "banner_tag",
    title: "Tag",
    kind: "text",
    hint: "That it counts for: its own, or the last one before it",
    show: ({ banner_tag, attributed }) =>
      banner_tag === null ? undefined : (
        <>
          {banner_tag}
          {attributed && (
            <>
              {" "}
              <span class="badge" title="Not its own: the last tag before it">
                attributed
              </span>
            </>
          )}
        </>
      ),
  },
  text("app_id", "App"),
  text("country", "Country"),
  text("device", "Device"),
];
