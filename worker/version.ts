/** The version of this Worker, as package.json and CHANGELOG.md have it; a test holds the three together. */
export const VERSION = "0.1.0";
