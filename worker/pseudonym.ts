/** The pseudonym in place of the name of an erased person. */
export const PSEUDONYM = "erased-[0-9a-f]{8}-[0-9a-f-]{27}";

/** The same for LIKE, whose patterns may have 50 bytes in D1: it matches slightly more. */
export const PSEUDONYMS = "erased-________-____-____-____-____________";

export const newPseudonym = (): string => `erased-${crypto.randomUUID()}`;

const WHOLE = new RegExp(`^\\u001f?${PSEUDONYM}$`);

/** Of a player, or of a visitor as `events.actor` has it. */
export const isPseudonym = (actor: string): boolean => WHOLE.test(actor);
