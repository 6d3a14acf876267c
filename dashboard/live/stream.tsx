/** The events as they arrive. While it is paused, it counts the events that it does not show. */
import { useState } from "preact/hooks";
import { clockTime, exactMoney, titled } from "../format.ts";
import { words } from "../words.ts";
import type { StreamedEvent } from "./state.ts";

type Streamed = { events: readonly StreamedEvent[]; timezone: string; waiting: boolean };

export function Stream({ events, timezone, waiting }: Streamed) {
  const [held, hold] = useState<readonly StreamedEvent[] | null>(null);
  const shown = held ?? events;
  const newest = held?.[0]?.event_id;
  const heldBack = held ? events.findIndex(({ event_id }) => event_id === newest) : 0;
  return (
    <section class="stream" aria-label={words.live.recentEvents}>
      <header>
        <h3>{words.live.recentEvents}</h3>
        <button
          type="button"
          class="button quiet"
          aria-pressed={held !== null}
          onClick={() => hold(held ? null : events)}
        >
          {held === null
            ? words.common.pause
            : heldBack === 0
              ? words.common.goOn
              : words.live.goOnNew(heldBack < 0 ? "99+" : heldBack)}
        </button>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <ol tabIndex={0} aria-label={words.live.recentEventsTheNewestFirst}>
        {shown.map((event) => (
          <Line key={event.event_id} event={event} timezone={timezone} />
        ))}
        {shown.length === 0 && <li class="stream-none">{waiting ? "" : words.live.waitingForTheFirstEvent}</li>}
      </ol>
    </section>
  );
}

function Line({ event, timezone }: { event: StreamedEvent; timezone: string }) {
  const { event_id, event_type, timestamp, banner_tag, player_id, amount, currency, country } = event;
  const who = [player_id, banner_tag, country].filter(Boolean).join(" · ");
  return (
    <li data-event={event_id}>
      <span class={`dot ${event_type}`} aria-hidden="true" />
      <span class="stream-type">{titled(event_type)}</span>
      <time dateTime={timestamp} title={timestamp}>
        {clockTime(timestamp, timezone)}
      </time>
      <span class="stream-who" title={who}>
        {who}
      </span>
      {amount !== null && currency !== null && <span class="stream-amount">{exactMoney(amount, currency)}</span>}
    </li>
  );
}
