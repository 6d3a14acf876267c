/** Makes a stored event of a received one: absent fields null, dates in the project's time zone, an id where none was given. */
import { v7 as uuidv7 } from "uuid";
import { localTime } from "../calendar.ts";
import type { StoredEvent, WireEvent } from "../event.ts";
import type { Project } from "../project.ts";
import type { Sender } from "./sender.ts";

export function storedEvent(
  event: WireEvent,
  project: Project,
  sender: Sender & Pick<StoredEvent, "bot" | "trusted">,
  now: number,
): StoredEvent {
  const timestamp = event.timestamp ?? now;
  const { date, hour } = localTime(project.timezone, timestamp);
  return {
    event_id: event.event_id ?? uuidv7({ msecs: now }),
    project_id: project.project_id,
    event_type: event.event_type,
    player_id: event.player_id ?? null,
    visitor_id: event.visitor_id ?? null,
    banner_tag: event.banner_tag ?? null,
    app_id: event.app_id ?? null,
    session_id: event.session_id ?? null,
    click_id: event.click_id ?? null,
    platform: event.platform ?? null,
    app_version: event.app_version ?? null,
    timestamp,
    received_at: now,
    event_date: date,
    event_hour: hour,
    amount: event.amount ?? null,
    currency: event.currency ?? null,
    transaction_id: event.transaction_id ?? null,
    score: event.score ?? null,
    data: event.data ?? null,
    ...sender,
    test: event.test ? 1 : 0,
  };
}
