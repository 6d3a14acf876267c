declare module "*?raw" {
  const text: string;
  export default text;
}

interface ImportMeta {
  glob(patterns: string[]): Record<string, unknown>;
}

declare module "*app.ts?cold" {
  export { app } from "../../worker/app.ts";
}
