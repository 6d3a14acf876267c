/**
 * The "what the tag sent" panel. It reads the browser's own record of requests, so it shows what went over the wire
 * and the status that the server gave, not what the page meant to send.
 */
const COLLECTED = "/happened";
/** What a reader looks for first; the rest is under "all fields". */
const LEADING = ["banner_tag", "player_id", "amount", "currency", "app_id"];

type Sent = { type: string; fields: URLSearchParams; status: number; tries: number };
const sent = new Map<string, Sent>();

/** What a status means for the event, in the words of the panel. */
function outcome({ status, tries }: Sent): { tone: "good" | "waiting" | "bad"; words: string } {
  const again = tries > 1 ? `, try ${tries}` : "";
  if (status === 200) return { tone: "good", words: `200 accepted${again}` };
  if (status === 0) return { tone: "waiting", words: `server not reached, kept${again}` };
  if (status === 429 || status >= 500) return { tone: "waiting", words: `${status} not now, kept${again}` };
  return { tone: "bad", words: `${status} rejected` };
}

function element(name: string, className: string, ...children: (Node | string)[]): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.append(...children);
  return made;
}

function row(event: Sent): HTMLElement {
  const { tone, words } = outcome(event);
  const at = new Date(Number(event.fields.get("timestamp")));
  const leading = LEADING.filter((name) => event.fields.has(name)).map((name) =>
    element("span", "pair", element("span", "pair-name", name), event.fields.get(name) ?? ""),
  );
  const all = element("dl", "all-fields");
  for (const [name, value] of event.fields) all.append(element("dt", "", name), element("dd", "", value));
  const more = element("details", "sent-more", element("summary", "", "All fields"), all);
  return element(
    "li",
    "sent-event",
    element(
      "div",
      "sent-head",
      element("span", "sent-type", event.type),
      element("time", "", at.toLocaleTimeString()),
      element("span", `sent-status ${tone}`, words),
    ),
    element("div", "sent-pairs", ...leading),
    more,
  );
}

function read(entries: PerformanceEntryList): void {
  const list = document.querySelector("#sent");
  const noteElement = document.querySelector("#sent-note");
  if (!list) return;
  for (const entry of entries as PerformanceResourceTiming[]) {
    const { pathname, searchParams, origin } = new URL(entry.name);
    const type = searchParams.get("event_type");
    const event_id = searchParams.get("event_id");
    if (pathname !== COLLECTED || !type || !event_id || origin !== location.origin) continue;
    const tries = (sent.get(event_id)?.tries ?? 0) + 1;
    sent.set(event_id, { type, fields: searchParams, status: entry.responseStatus, tries });
  }
  const newest = [...sent.values()]
    .reverse()
    .sort((a, b) => Number(b.fields.get("timestamp")) - Number(a.fields.get("timestamp")));
  const open = new Set(
    [...list.children]
      .filter((item) => item.querySelector("details")?.open)
      .map((item) => item.getAttribute("data-id")),
  );
  list.replaceChildren(
    ...newest.map((event) => {
      const item = row(event);
      const id = event.fields.get("event_id") ?? "";
      item.dataset.id = id;
      if (open.has(id)) item.querySelector("details")?.setAttribute("open", "");
      return item;
    }),
  );
  if (noteElement && sent.size > 0) noteElement.remove();
}

/** Shows what was sent before this was called, too. */
export function showSent(): void {
  const { globalPrivacyControl, doNotTrack } = navigator as Navigator & { globalPrivacyControl?: boolean };
  const noteElement = document.querySelector("#sent-note");
  if (noteElement && (globalPrivacyControl || doNotTrack === "1")) {
    noteElement.textContent = "This browser asks not to be tracked. Where the project obeys that, nothing is sent.";
  }
  new PerformanceObserver((records) => read(records.getEntries())).observe({ type: "resource", buffered: true });
}
