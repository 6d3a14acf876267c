/** The pseudonym in place of the name of an erased person. */
export const PSEUDONYM = "erased-[0-9a-f]{8}-[0-9a-f-]{27}";

/** For LIKE, whose patterns D1 lets have 50 bytes: nearly as narrow. */
export const PSEUDONYMS = "erased-________-____-____-____-____________";

export const newPseudonym = (): string => `erased-${crypto.randomUUID()}`;

const WHOLE = new RegExp(`^\\u001f?${PSEUDONYM}$`);

/** Of a player, or of a visitor as `events.actor` has it. */
export const isPseudonym = (actor: string): boolean => WHOLE.test(actor);
