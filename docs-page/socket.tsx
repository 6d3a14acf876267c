/** A WebSocket tried out: its newest messages, as they come. */
import { useEffect, useRef, useState } from "preact/hooks";

const SHOWN = 20;
type Message = { number: number; text: string };

export const socketAddress = (path: string): string => new URL(path, location.origin.replace(/^http/, "ws")).href;

export function Socket({ address }: { address: string }) {
  const [state, setState] = useState<"closed" | "connecting" | "open" | "failed">("closed");
  const [messages, setMessages] = useState<Message[]>([]);
  const socket = useRef<WebSocket | null>(null);
  useEffect(() => () => socket.current?.close(), []);

  const connect = () => {
    const opened = new WebSocket(address);
    let number = 0;
    socket.current = opened;
    setState("connecting");
    setMessages([]);
    opened.addEventListener("open", () => setState("open"));
    opened.addEventListener("error", () => setState("failed"));
    opened.addEventListener("close", () => setState((now) => (now === "failed" ? now : "closed")));
    opened.addEventListener("message", ({ data }) => {
      const text = JSON.stringify(JSON.parse(String(data)), null, 2);
      setMessages((before) => [{ number: ++number, text }, ...before].slice(0, SHOWN));
    });
  };
  return (
    <div class="try">
      <div class="actions">
        {state === "open" || state === "connecting" ? (
          <button type="button" class="button" onClick={() => socket.current?.close()}>
            Close
          </button>
        ) : (
          <button type="button" class="button primary" onClick={connect}>
            Connect
          </button>
        )}
        <span class="muted" role="status">
          {state === "open"
            ? `Open; ${messages[0]?.number ?? 0} messages`
            : state === "connecting"
              ? "Connecting …"
              : ""}
        </span>
      </div>
      {state === "failed" && (
        <p class="failed" role="alert">
          It did not open. A browser sends no key with a WebSocket: sign in first, at the dashboard or by signIn below.
        </p>
      )}
      {messages.map(({ number, text }) => (
        <pre key={number} class="code response-body">
          {text}
        </pre>
      ))}
    </div>
  );
}
