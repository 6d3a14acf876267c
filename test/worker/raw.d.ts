declare module "*?raw" {
  const text: string;
  export default text;
}

interface ImportMeta {
  glob(patterns: string[]): Record<string, unknown>;
}
