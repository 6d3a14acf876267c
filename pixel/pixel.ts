/**
 * The snippet, served as /pixel.js. It sends one `visit` for the page and one for each navigation within a single-page
 * application; `pixel(type, fields)` sends other events. Every event is stored before it is sent, until the server has accepted
 * or refused it, so that neither a navigation nor an outage loses it. The server counts an id once, so it can be sent again.
 * Every page of every customer loads each byte of this file, so the code is short on purpose, and leaves out what it can.
 */
import type { BUILT_IN_TYPES, WireEvent } from "../worker/event.ts";

export type EventType = (typeof BUILT_IN_TYPES)[number] | (string & {});
type Value = string | number | boolean | null | undefined;
/** Where a value is empty or absent, the snippet uses the value that it knows. */
export type Fields = { [Field in keyof WireEvent]?: Value } & { [other: string]: Value };
export type Pixel = {
  (type: EventType, fields?: Fields): void;
  /** The same as `pixel("identify", { player_id })`, which can also be called before this script is loaded. */
  identify(player_id: string): void;
  /** Forgets the person, because somebody else may use this computer next. The same as `pixel("reset")`. */
  reset(): void;
  /**
   * 0 once this script is loaded; before that, the calls that wait for it:
   * `window.pixel=window.pixel||function(){(pixel.q=pixel.q||[]).push(arguments)}`
   */
  q?: ArrayLike<unknown>[] | 0;
};

/** When the event happened, and its address below that of the server. */
type Unsent = [at: number, address: string];
type Remembered = [value: string, at: number];
type State = {
  visitor?: string | 0;
  player?: string | 0;
  tag?: Remembered;
  click?: Remembered | 0;
  /** The host of the site with the link that was followed, `-` where there was none, and the path of the first page. */
  visit?: { referrer: string; landing_page: string };
  unsent: Unsent[];
};

/** How long a tag and a click are remembered, in milliseconds: 30 days. The cookie has the same time in seconds. */
const MEMORY = 2592e6;
/** Milliseconds; the server refuses events older than 7 days. */
const OLDEST = 6048e5;
const MOST_UNSENT = 50;
/** The number of different waits between two tries: 1, 2, 4 seconds and so on, up to 34 minutes; then 1 again. */
const WAITS = 12;

declare global {
  interface Window {
    pixel?: Pixel;
  }
}
const before: Partial<Pixel> = window.pixel || {};
// A module has no current script, nor has a script that an optimiser runs. `data-project` is required, since other vendors
// have a pixel.js, too.
const script = (document.currentScript ||
  document.querySelector("script[data-project][src*=pixel]")) as HTMLScriptElement;

if (script && before.q !== 0) {
  const { project = "default", btag, host, domain, hash: routes } = script.dataset;
  // The folder of the script, since a site can serve Edgepixel under a path.
  const server = new URL(".", new URL(host || script.src, location as never));
  const key = `edgepixel:${project}`;
  const cookie = `edgepixel_${project}=`;
  const sending: Record<string, 0 | 1> = {};
  /** Used instead of the storage where that is blocked or full. */
  let memory: State | undefined;
  let failures = 0;
  let timer: ReturnType<typeof setTimeout>;
  /** The last page that was counted. */
  let seen = "";

  /**
   * Waits until the page is visible. With a privacy signal of the browser, it rejects where the project respects these signals
   * or cannot be asked.
   */
  const allowed = (async () => {
    if ((document as Document & { prerendering?: boolean }).prerendering)
      await new Promise((done) => addEventListener("prerenderingchange", done, true));
    if ((navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl || (navigator.doNotTrack as never) > 0) {
      const answer = await fetch(`${server}project.json?project_id=${project}`);
      // `{"respect_privacy_signals":false}`
      if (!/s":false/.test(await answer.text())) throw 0;
    }
  })();

  const parsed = (read: () => string | null): Partial<State> | undefined => {
    try {
      return JSON.parse(read() as string);
    } catch {}
  };

  /**
   * Makes every change of the state: in order, only where it is allowed, and without errors in the page. The state is read
   * again each time, since other tabs change it, too. An edit can return an event to send now.
   */
  const change = async (edit: (state: State, at: number) => Unsent | undefined): Promise<void> => {
    try {
      await allowed;
      const state: State = {
        unsent: [],
        ...(memory || parsed(() => localStorage[key])),
        // Where the site names its domain, all its hosts share the state of the person.
        ...(domain && parsed(() => unescape((document.cookie.split(cookie)[1] as string).split(";")[0] as string))),
      };
      const event = edit(state, Date.now());
      try {
        if (domain)
          // biome-ignore lint/suspicious/noDocumentCookie: half of the browsers have no Cookie Store API
          document.cookie = `${cookie}${escape(
            JSON.stringify({ ...state, unsent: undefined }),
          )};domain=${domain};path=/;max-age=2592000`;
        localStorage[key] = JSON.stringify(state);
      } catch {
        memory = state;
      }
      if (event) send(event);
    } catch {}
  };

  /**
   * The time, as at the beginning of a UUIDv7, and 52 random bits: ids in the order of time are cheaper for the server to store.
   * An id must be unique but is not a secret, so cryptography would only cost bytes.
   */
  const newId = (at: number): string => `0${at.toString(16)}-${Math.random()}`;

  /** Empty for a value that the server would refuse, since all later events with it would be refused, and for an unfilled macro. */
  const sound = (value: unknown, longest = 128): string =>
    !value || (value as string)[longest] || /[\p{Cc}\uFFFD]|^[{[<#%$].*[}\]>#%]$/u.test(value as string)
      ? ""
      : `${value}`;

  /** Empty for ids such as `undefined`, which pages send where they know no player: all people would become one player. */
  const person = (value: unknown): string =>
    /^(un(defined|known)|n(ull|one|an|il)|0|anonymous|guest)$/i.test(value as string) ? "" : sound(value);

  const recent = (remembered: Remembered | 0 | undefined, at: number): string =>
    remembered && at - remembered[1] < MEMORY ? remembered[0] : "";

  const send = async ([, address]: Unsent): Promise<void> => {
    const url = `${server}${address}&sent_at=${Date.now()}`;
    let settled: string | boolean | null | undefined;
    let wait: number | undefined;
    sending[address] = 1;
    try {
      const answer = await fetch(url, { keepalive: true });
      const { headers } = answer;
      // Read to its end: otherwise the browser does not treat the request as finished.
      await answer.text();
      const taken = headers.get("x-event-id");
      const fault = headers.get("x-event-error");
      settled = taken || fault;
      // If a site serves a copy of this file without data-host, the site itself answers.
      if (!taken && answer.status < 429) console.warn(fault || "not Edgepixel", url);
      wait = (headers.get("retry-after") as never) * 1e3;
    } catch {
      // The policy of the page may forbid `fetch` and allow images. An event that is not accepted is answered without an image.
      try {
        const image = new Image();
        image.src = url;
        await image.decode();
        settled = url;
      } catch {}
    }
    if (settled) {
      change((state) => {
        state.unsent = state.unsent.filter((event) => event[1] !== address);
        return undefined;
      });
      failures = 0;
      sendNext();
    } else {
      sending[address] = 0;
      clearTimeout(timer);
      timer = setTimeout(sendNext, wait || 1024 << (failures++ % WAITS));
    }
  };

  /** Sends the next stored event, after the success of the one before, so as not to overload a server after an outage. */
  const sendNext = () => change((state) => state.unsent.find((event) => !sending[event[1]]));

  /** `cause` is the method of the history that was called, or an event. */
  const visit = (cause: unknown): void => {
    const { pathname, search, hash, hostname } = location;
    const before = seen;
    const page = pathname + (routes != null ? hash : "");
    seen = page + search;
    // With `replaceState`, only a new path counts: pages also replace the query, such as for each letter of a search.
    const end = { replaceState: "?" }[cause as string] as string;
    sendNext();
    if (before.split(end)[0] === seen.split(end)[0] && !(cause as Partial<PageTransitionEvent>).persisted) return;
    change((state, at) => {
      const landing = new URLSearchParams(search + hash.replace(/#([^=]*\?)?/, "&"));
      const tag = sound(landing.get("btag") || landing.get("banner_tag"));
      const click = sound(landing.get("click_id"), 512);
      const from = document.referrer.split(/[/:]/)[3] || "-";
      if (tag) {
        // The click of the former campaign does not belong to the new one.
        if (tag !== recent(state.tag, at)) state.click = 0;
        state.tag = [tag, at];
      }
      if (click) state.click = [click, at];
      // If a page of the same site led here, the visit continues.
      if (!(before || `.${from}`.endsWith(`.${domain || hostname}`)))
        state.visit = { landing_page: sound(page.split("?")[0], 512), referrer: from };
      return undefined;
    });
    pixel("visit");
  };

  const pixel = ((type, fields) => {
    try {
      const given = { ...fields };
      const player = person(given.player_id);
      given.player_id = player;
      // Sent at once, even while others wait for a retry: the page may be left now.
      change((state, at) => {
        if (type === "reset") {
          // The tag stays: it is of the campaign that brought this browser, not of a person.
          state.visitor = state.player = state.click = 0;
          return;
        }
        state.visitor ||= newId(at);
        if (type === "identify") {
          if (!player || player === state.player) return;
          state.player = player;
        }
        const query = new URLSearchParams();
        const known: Fields = {
          // In an order that compresses well.
          player_id: state.player || "",
          event_id: newId(at),
          project_id: project,
          visitor_id: state.visitor,
          banner_tag: recent(state.tag, at) || btag || "organic",
          event_type: type,
          timestamp: at,
          click_id: recent(state.click, at),
          ...(type === "visit" && state.visit),
        };
        for (const source of [known, given])
          for (const name in source) {
            // Empty for null.
            const value = `${[source[name]]}`;
            // Only one name, since a field under both names would be refused.
            if (value) query.set(name === "btag" ? "banner_tag" : name, value);
          }
        // biome-ignore lint/style/useTemplate: it packs better
        const event: Unsent = [at, "happened?" + query];
        state.unsent.push(event);
        state.unsent = state.unsent.filter((event) => at - event[0] < OLDEST).slice(-MOST_UNSENT);
        return event;
      });
    } catch {}
  }) as Pixel;
  for (const name of ["identify", "reset"] as const) pixel[name] = (player_id?: string) => pixel(name, { player_id });
  pixel.q = 0;
  window.pixel = pixel;

  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = (...given) => {
      original.apply(history, given);
      visit(name);
    };
  }
  for (const name of ["popstate", "pageshow", "online"]) addEventListener(name, visit);
  visit(0);
  for (const call of before.q || []) pixel(...(call as [string, Fields]));
}
