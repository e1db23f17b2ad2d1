/** The contract's limit of a cell, in characters. */
export const MAX_FIELD_LENGTH = 65_536;
