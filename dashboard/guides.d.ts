/** The build reads the code out of a guide: by its section's heading, then by language. */
declare module "*.md?code" {
  const code: Record<string, Record<string, string>>;
  export default code;
}
