/** The part of a view that opens with the dialog that makes something, such as a link for what the filters are about. */
export const MAKE = "make";
