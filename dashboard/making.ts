/** Opens a view together with its dialog that makes something, such as a share link for the present filters. */
export const MAKE = "make";
