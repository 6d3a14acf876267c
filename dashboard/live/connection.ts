/** The live figures of one project: a WebSocket that reconnects, and the state that its messages change. */
import type { LiveMessage } from "../../worker/live/messages.ts";
import { client, credential, read } from "../api.ts";
import { backOff } from "./back-off.ts";
import { type LiveState, nothingYet, received } from "./state.ts";

/** Windows of time move on while nothing happens, so ask again; an answer also shows that the connection still works. */
const REFRESH_MS = 10_000;
/** A server that hangs accepts the connection and sends nothing: then another try is made. */
const SILENCE_MS = 10_000;
const SIGNED_OUT = 4401;
/** From time to time the server asks listeners to connect again, and looks up who they are. */
const CONNECT_AGAIN = 4000;

export class LiveConnection {
  state: LiveState = nothingYet;
  readonly #project_id: string | undefined;
  readonly #listeners = new Set<() => void>();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #pulse: ReturnType<typeof setInterval> | undefined;
  #silence: ReturnType<typeof setTimeout> | undefined;
  #asked = false;

  constructor(project_id: string | undefined) {
    this.#project_id = project_id;
  }

  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  open(): void {
    this.#pulse = setInterval(this.#refresh, REFRESH_MS);
    addEventListener("online", this.#now);
    document.addEventListener("visibilitychange", this.#now);
    this.#connect();
  }

  close(): void {
    clearInterval(this.#pulse);
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    removeEventListener("online", this.#now);
    document.removeEventListener("visibilitychange", this.#now);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#listeners.clear();
  }

  #set(state: LiveState): void {
    this.state = state;
    for (const listener of this.#listeners) listener();
  }

  #connect(): void {
    clearTimeout(this.#retry);
    const url = new URL("/api/v1/live", location.href);
    url.protocol = url.protocol.replace("http", "ws");
    if (this.#project_id) url.searchParams.set("project_id", this.#project_id);
    const session = credential();
    // A page cannot set headers of a socket: the token that replaces a cookie is sent as a protocol.
    const socket = new WebSocket(url, session === null ? [] : ["bearer", session]);
    this.#socket = socket;
    this.#asked = false;
    clearTimeout(this.#silence);
    this.#silence = setTimeout(() => {
      if (socket !== this.#socket) return;
      socket.close();
      this.#lost(1006);
    }, SILENCE_MS);
    socket.onmessage = ({ data }) => {
      if (socket !== this.#socket) return;
      clearTimeout(this.#silence);
      this.#attempt = 0;
      this.#asked = false;
      this.#set(received(this.state, JSON.parse(data) as LiveMessage));
    };
    socket.onclose = ({ code }) => {
      if (socket === this.#socket) this.#lost(code);
    };
  }

  #lost(code: number): void {
    this.#socket = null;
    // Only once: if it continues, something is wrong.
    if (code === CONNECT_AGAIN && this.#attempt === 0) {
      this.#attempt = 1;
      this.#connect();
      return;
    }
    this.#set({ ...this.state, connection: this.state.counts ? "reconnecting" : "connecting" });
    // A refused handshake gives no reason: if nobody is signed in, this request leads to signing in.
    if (code === SIGNED_OUT || this.#attempt % 4 === 1) void read(client.session.$get()).catch(() => undefined);
    this.#retry = setTimeout(() => this.#connect(), backOff(this.#attempt, Math.random()));
    this.#attempt += 1;
  }

  #refresh = (): void => {
    const socket = this.#socket;
    if (document.hidden || socket?.readyState !== WebSocket.OPEN) return;
    // The last message has no answer: the connection is dead without having been closed.
    if (this.#asked) {
      socket.close();
      this.#lost(1006);
      return;
    }
    this.#asked = true;
    socket.send("refresh");
  };

  /** Online again, or visible again: no reason to wait any longer. */
  #now = (): void => {
    if (document.hidden) return;
    if (this.#socket) this.#refresh();
    else {
      this.#attempt = 0;
      this.#connect();
    }
  };
}
