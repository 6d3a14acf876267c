/**
 * The snippet, served as /pixel.js. One `visit` for the page and one per single-page navigation, `pixel(type, fields)`
 * for the rest. Every event is stored before it is sent and stays stored until the server has settled it, so that
 * neither a navigation nor an outage loses it; the server counts an id once, so sending it again is harmless.
 * Every byte is paid for on every page of every customer: short forms are on purpose, and so is what is left out.
 */
import type { BUILT_IN_TYPES, WireEvent } from "../worker/event.ts";

export type EventType = (typeof BUILT_IN_TYPES)[number] | (string & {});
type Value = string | number | boolean | null | undefined;
/** A value that is empty or absent leaves what the snippet knows in its place. */
export type Fields = { [Field in keyof WireEvent]?: Value } & { [other: string]: Value };
export type Pixel = {
  (type: EventType, fields?: Fields): void;
  /** The same as `pixel("identify", { player_id })`, which can also be called before this script is there. */
  identify(player_id: string): void;
  /** Calls that wait for this script: `window.pixel=window.pixel||function(){(pixel.q=pixel.q||[]).push(arguments)}` */
  q?: ArrayLike<unknown>[];
  loaded?: true;
};

/** When it happened, the address under the server, and the player whom it links to the visitor. */
type Unsent = [at: number, address: string, links: string | undefined];
type Remembered = [value: string, at: number];
type State = {
  visitor?: string;
  player?: string;
  tag?: Remembered;
  click?: Remembered | 0;
  /** Players that an accepted event has linked to this visitor. */
  linked: string[];
  unsent: Unsent[];
};

/** How long a tag and a click are remembered, in milliseconds: 30 days. */
const MEMORY = 2592e6;
/** What is older is refused by the server: 7 days. */
const OLDEST = 6048e5;
const MOST_UNSENT = 50;
/** Between two tries, in seconds. */
const LONGEST_WAIT = 3600;

const page = window as unknown as { pixel?: Pixel };
const before: Partial<Pixel> = page.pixel || {};
// A module script is not the current one.
const script = (document.currentScript || document.querySelector('script[src*="/pixel.js"]')) as HTMLScriptElement;

if (script && !before.loaded) {
  const { project = "default", btag } = script.dataset;
  const server = `${new URL(script.src).origin}/`;
  const key = `edgepixel:${project}`;
  const sending = new Set<string>();
  /** Takes the storage's place where that is blocked or full. */
  let memory: State | undefined;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout>;
  let seen: string;

  /** Rejects where the project obeys the browser's privacy signals, and where it cannot be asked. */
  const allowed = (async () => {
    const { globalPrivacyControl, doNotTrack } = navigator as Navigator & { globalPrivacyControl?: boolean };
    if (globalPrivacyControl || doNotTrack === "1") {
      const answer = await fetch(`${server}pixel.json?project_id=${project}`, { credentials: "omit" });
      if ((await answer.json()).respect_privacy_signals !== false) throw 0;
    }
  })();

  /**
   * All work is an edit of the state, and goes through here: in order, only where allowed, and never throwing into the
   * page. The state is read afresh each time, since other tabs edit it too. An edit can return an event to send now.
   */
  const change = (edit: (state: State) => Unsent | undefined): void => {
    allowed
      .then(() => {
        let stored = memory;
        try {
          stored ||= JSON.parse(localStorage.getItem(key) as string);
        } catch {}
        const state: State = { linked: [], unsent: [], ...stored };
        const event = edit(state);
        try {
          localStorage.setItem(key, JSON.stringify(state));
        } catch {
          memory = state;
        }
        if (event) send(event);
      })
      .catch(() => {});
  };

  /** UUIDv7: ids in the order of time are cheaper for the server to store. */
  const newId = (at: number): string =>
    `0${at.toString(16)}-7xxx-axxx-xxxxxxxxxxxx`
      .replace(/x/g, () => ((crypto.getRandomValues(new Uint8Array(1))[0] as number) & 15).toString(16))
      .replace(/.{8}/, "$&-");

  /** What the server would refuse is not remembered, or it would spoil every later event. */
  const sound = (value: unknown): string | undefined => (/^[^\p{Cc}\uFFFD]{1,128}$/u.exec(`${value || ""}`) || [])[0];

  const recent = (remembered: Remembered | 0 | undefined, at: number): string =>
    remembered && at - remembered[1] < MEMORY ? remembered[0] : "";

  const send = async ([, address, links]: Unsent): Promise<void> => {
    let seconds: string | null | undefined;
    sending.add(address);
    try {
      const answer = await fetch(server + address, { keepalive: true, credentials: "omit" });
      const { status, headers } = answer;
      // Read to its end, or the browser does not take the request for finished.
      await answer.text();
      if (status < 500 && status !== 429) {
        if (status > 399) console.warn(headers.get("x-event-error") || status, address);
        change((state) => {
          state.unsent = state.unsent.filter((event) => event[1] !== address);
          if (links && status < 400) state.linked.push(links);
        });
        failures = 0;
        sendNext();
        return;
      }
      seconds = headers.get("retry-after");
    } catch {}
    sending.delete(address);
    clearTimeout(timer);
    timer = setTimeout(
      sendNext,
      Math.min(+(seconds as string) || 2 ** failures++, LONGEST_WAIT) * (1e3 + (Date.now() % 500)),
    );
  };

  /** One after the other, each on the other's success: a server that is just back is not stormed. */
  const sendNext = () => change((state) => state.unsent.find((event) => !sending.has(event[1])));

  const visit = (): void => {
    const { pathname, search } = location;
    if (seen === pathname + search) return;
    seen = pathname + search;
    const at = Date.now();
    change((state) => {
      const landing = new URLSearchParams(search);
      const tag = sound(landing.get("btag") || landing.get("banner_tag"));
      const click = sound(landing.get("click_id"));
      if (tag) {
        // Another campaign's click is not this one's.
        if (tag !== recent(state.tag, at)) state.click = 0;
        state.tag = [tag, at];
      }
      if (click) state.click = [click, at];
    });
    pixel("visit");
  };

  const pixel: Pixel = (type, fields) => {
    try {
      const at = Date.now();
      const given = { ...fields };
      // Sent at once, even while others wait for their retry: this may be the page's last moment.
      change((state) => {
        let links: string | undefined;
        if (type === "identify") {
          links = sound(given.player_id);
          if (!links) return;
          state.player = links;
          if (state.linked.includes(links) || state.unsent.some((event) => event[2] === links)) return;
        }
        state.visitor ||= newId(at);
        const query = new URLSearchParams();
        const own: Fields = {
          project_id: project,
          event_id: newId(at),
          timestamp: at,
          visitor_id: state.visitor,
          player_id: state.player,
          banner_tag: recent(state.tag, at) || btag || "organic",
          click_id: recent(state.click, at),
        };
        for (const source of [own, given])
          for (const name in source) {
            const value = source[name];
            // A field under both its names would be refused.
            if (value != null && value !== "") query.set(name === "btag" ? "banner_tag" : name, `${value}`);
          }
        const event: Unsent = [
          at,
          `${/^(visit|registration|deposit)$/.test(type) ? "" : "pixel/"}${type}?${query}`,
          links,
        ];
        state.unsent = [...state.unsent, event].filter((event) => at - event[0] < OLDEST).slice(-MOST_UNSENT);
        return event;
      });
    } catch {}
  };
  pixel.identify = (player_id) => pixel("identify", { player_id });
  pixel.loaded = true;
  page.pixel = pixel;

  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...given) {
      original.apply(this, given);
      visit();
    };
  }
  addEventListener("popstate", visit);
  addEventListener("online", sendNext);
  visit();
  for (const call of before.q || []) pixel(call[0] as string, call[1] as Fields);
}
