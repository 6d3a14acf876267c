/**
 * Who listens to the counters of one project: their WebSockets, what each of them may see, and what is sent to them. The
 * runtime keeps the sockets while the object sleeps; what was looked up and shown is only remembered while it is awake.
 */

import { log } from "../log.ts";
import type { LiveMessage, LiveSettings, Snapshot } from "./messages.ts";
import { type LiveEvent, streamed, type View } from "./stream.ts";

/** The credential of a listener. Its rights are looked up again after a short time. */
export type Credential = {
  /** Null: ADMIN_TOKEN, or a share link. */
  key_id: string | null;
  share_id?: string;
  /** For a session of the dashboard: its id, and when it began (epoch milliseconds). */
  session?: { id: string; began_at: number };
};
/** `until` is when they must connect again, epoch milliseconds. */
export type Listener = { credential: Credential; until: number };

/** What is stored with a socket while its object sleeps: some hundred bytes. */
type Attachment = {
  settings: LiveSettings;
  listener: Listener;
  /** How many messages arrived since a moment. */
  asked: { since: number; messages: number };
};

/** The figures that listeners are shown. */
export type Figures = {
  /** What a listener may see now; null where they may not listen any more. */
  viewOf(project_id: string, credential: Credential, now: number): Promise<View | null>;
  counts(settings: LiveSettings, view: View, now: number): Omit<Snapshot, "events">;
  snapshot(settings: LiveSettings, view: View, now: number): Snapshot;
};

/** The socket is closed with this code when a listener must connect, and perhaps sign in, again. */
const CONNECT_AGAIN = 4000;

/**
 * How long a listener's rights are used before they are looked up again. Together with what an isolate remembers of a key
 * it is 30 seconds.
 */
const RIGHT_MS = 10_000;
const RIGHTS_KEPT = 1_000;

/** The limits of what a listener may send: short messages, some of which are answered with a snapshot. */
const MESSAGES = { characters: 256, windowMs: 10_000, answered: 5, most: 50 };
const POLICY_VIOLATION = 1008;
const TOO_BIG = 1009;

export class Listeners {
  readonly #state: DurableObjectState;
  readonly #figures: Figures;
  readonly #rights = new Map<string, { view: Promise<View | null>; at: number }>();
  /** The figures that a socket was shown last, as far as they are remembered. */
  readonly #shown = new WeakMap<WebSocket, string>();

  constructor(state: DurableObjectState, figures: Figures) {
    this.#state = state;
    this.#figures = figures;
    state.setWebSocketAutoResponse(new WebSocketRequestResponsePair("ping", "pong"));
  }

  /** Accepts a listener's WebSocket; that it may listen was checked before. */
  async accept(request: Request): Promise<Response> {
    const { settings, listener } = JSON.parse(request.headers.get("x-listener") ?? "null") as {
      settings: LiveSettings;
      listener: Listener;
    };
    const { 0: client, 1: server } = new WebSocketPair();
    const { share_id } = listener.credential;
    const now = Date.now();
    this.#state.acceptWebSocket(server, share_id === undefined ? [] : [share_id]);
    server.serializeAttachment({ settings, listener, asked: { since: now, messages: 0 } } satisfies Attachment);
    await this.#show(server, now);
    return new Response(null, { status: 101, webSocket: client });
  }

  /** Closes the connections of these share links; listeners who are still allowed connect again. */
  disconnect(share_ids: readonly string[]): void {
    for (const share_id of share_ids)
      for (const socket of this.#state.getWebSockets(share_id)) socket.close(CONNECT_AGAIN, "connect again");
  }

  /** Closes every connection: nobody may listen here any more. */
  disconnectAll(): void {
    for (const socket of this.#state.getWebSockets()) socket.close(CONNECT_AGAIN, "connect again");
  }

  /** Every message of a listener asks for the figures again, because windows of time move on while nothing happens. */
  async answer(socket: WebSocket, message: string | ArrayBuffer): Promise<void> {
    const size = typeof message === "string" ? message.length : message.byteLength;
    if (size > MESSAGES.characters) return socket.close(TOO_BIG, "too large");
    const now = Date.now();
    const attached = attachmentOf(socket);
    const before = attached.asked;
    const { since, messages } = now < before.since + MESSAGES.windowMs ? before : { since: now, messages: 0 };
    if (messages >= MESSAGES.most) return socket.close(POLICY_VIOLATION, "too many messages");
    socket.serializeAttachment({ ...attached, asked: { since, messages: messages + 1 } } satisfies Attachment);
    if (messages < MESSAGES.answered) await this.#show(socket, now);
  }

  /** The figures that a socket may be shown now; null where it may see none. It is closed if that is final. */
  async #viewFor(socket: WebSocket, now: number): Promise<View | null> {
    const { settings, listener } = attachmentOf(socket);
    if (now > listener.until) {
      socket.close(CONNECT_AGAIN, "connect again");
      return null;
    }
    try {
      const view = await this.#rightOf(settings.project_id, listener.credential, now);
      if (view === null) socket.close(CONNECT_AGAIN, "connect again");
      return view;
    } catch (error) {
      // Without an answer nothing is shown; the next event looks it up again.
      log("warn", "listener not looked up", { project_id: settings.project_id, error: String(error) });
      return null;
    }
  }

  /**
   * Looked up once for all sockets of a credential, and only when something is shown, so that a sleeping object makes no
   * calls.
   */
  #rightOf(project_id: string, credential: Credential, now: number): Promise<View | null> {
    const name = JSON.stringify(credential);
    const known = this.#rights.get(name);
    if (known && now < known.at + RIGHT_MS) return known.view;
    const view = this.#figures.viewOf(project_id, credential, now);
    if (this.#rights.size >= RIGHTS_KEPT) this.#rights.clear();
    this.#rights.set(name, { view, at: now });
    view.catch(() => this.#rights.delete(name));
    return view;
  }

  async #show(socket: WebSocket, now: number): Promise<void> {
    const view = await this.#viewFor(socket, now);
    if (view === null) return;
    this.#shown.set(socket, JSON.stringify(view));
    send(socket, { type: "snapshot", ...this.#figures.snapshot(attachmentOf(socket).settings, view, now) });
  }

  /** Sends all figures to everyone. */
  async showAll(now: number): Promise<void> {
    for (const socket of this.#state.getWebSockets()) await this.#show(socket, now);
  }

  /** Sends everyone the counts and the new events, or all figures to those who may see others than before. */
  async push(settings: LiveSettings, fresh: LiveEvent[], now: number): Promise<void> {
    const sockets = this.#state.getWebSockets();
    const countsFor = new Map<string, LiveMessage>();
    for (const socket of sockets) {
      const view = await this.#viewFor(socket, now);
      if (view === null) continue;
      const name = JSON.stringify(view);
      if ((this.#shown.get(socket) ?? name) !== name) {
        await this.#show(socket, now);
        continue;
      }
      this.#shown.set(socket, name);
      const counts = countsFor.get(name) ?? { type: "counts", ...this.#figures.counts(settings, view, now) };
      countsFor.set(name, counts);
      send(socket, counts);
      const events = streamed(fresh, view);
      if (events.length > 0) send(socket, { type: "events", events });
    }
  }
}

const attachmentOf = (socket: WebSocket) => socket.deserializeAttachment() as Attachment;

function send(socket: WebSocket, message: LiveMessage): void {
  try {
    socket.send(JSON.stringify(message));
  } catch {
    // The socket was closed between two sends; its close handler follows.
  }
}
