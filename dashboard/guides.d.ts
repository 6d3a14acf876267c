/** Where the build puts the code of a guide: JSON, by its section's heading, then by language. */
declare module "*.md?code" {
  const url: string;
  export default url;
}
