/** A file of the API. The browser fetches it with its cookie; where the page has a credential of its own, the page does. */
import { useState } from "preact/hooks";
import { credential, readFile } from "../api.ts";

export function Download({ url, name, label = "Download CSV" }: { url: string; name: string; label?: string }) {
  const [state, setState] = useState<"ready" | "busy" | "failed">("ready");
  if (credential() === null)
    return (
      <a class="button" href={url} download={name}>
        {label}
      </a>
    );
  const fetchFile = async () => {
    setState("busy");
    try {
      const link = document.createElement("a");
      link.href = URL.createObjectURL(await readFile(url));
      link.download = name;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
      setState("ready");
    } catch {
      setState("failed");
    }
  };
  return (
    <button type="button" class="button" disabled={state === "busy"} onClick={fetchFile}>
      <span aria-live="polite">
        {state === "busy" ? "Downloading…" : state === "failed" ? "Failed: try again" : label}
      </span>
    </button>
  );
}
