/** The version of this Worker, the same as in package.json and CHANGELOG.md; a test compares the three. */
export const VERSION = "0.1.0";
