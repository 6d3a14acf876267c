/** The code of the views, loaded when one is first shown: all reports in one piece, administration in another. */
import { isAdministrative, type View, viewOf } from "./views.ts";
import { administrationWords } from "./words.ts";

type Views = { VIEWS: Record<string, View> };

const reports = (): Promise<Views> => import("./views/reports.ts");
async function administration(): Promise<Views> {
  await administrationWords();
  return import("./views/administration.ts");
}

/** Undefined where there is no such view. */
export async function loadView(name: string): Promise<View | undefined> {
  const entry = viewOf(name);
  return entry && (await (isAdministrative(entry.group) ? administration : reports)()).VIEWS[name];
}

/** Loads it before it is shown. An error is shown when the view is opened. */
export const preloadView = (name: string): void => void loadView(name).catch(() => undefined);
