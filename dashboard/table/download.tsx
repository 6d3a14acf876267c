/** Files of a table: as it is shown, or from the API. */
import { useState } from "preact/hooks";
import { credential, readFile } from "../api.ts";
import { save } from "../save.ts";
import { words } from "../words.ts";
import { sheetNow } from "./sheet.ts";

type Offered = {
  url: string;
  name: string;
  label?: string;
  /** The table whose shown rows are the file; if it does not show all rows, the API's file is used. */
  table?: string | undefined;
};

/** The browser fetches a file of the API with its cookie; where the page has a credential of its own, the page does. */
export function Download({ url, name, label = words.table.downloadCsv, table }: Offered) {
  if (table === undefined && credential() === null)
    return (
      <a class="button" href={url} download={name}>
        {label}
      </a>
    );
  const file = async () => {
    const sheet = table === undefined ? undefined : sheetNow(table);
    return sheet === undefined ? readFile(url) : new Blob([sheet], { type: "text/csv" });
  };
  return <Saved name={name} label={label} file={file} />;
}

/** A button that makes a file, and says whether it could. */
export function Saved({ name, label, file }: { name: string; label: string; file: () => Promise<Blob> }) {
  const [state, setState] = useState<"ready" | "busy" | "failed">("ready");
  const make = async () => {
    setState("busy");
    try {
      save(await file(), name);
      setState("ready");
    } catch {
      setState("failed");
    }
  };
  return (
    <button type="button" class="button" disabled={state === "busy"} onClick={make}>
      <span aria-live="polite">
        {state === "busy" ? words.table.downloading : state === "failed" ? words.table.failedTryAgain : label}
      </span>
    </button>
  );
}
