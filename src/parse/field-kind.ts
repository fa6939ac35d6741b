/** What the text of a field is, as far as its format tells. */
export const FieldKind = {
  /** An unquoted field of CSV, a field of TSV. */
  TEXT: 0,
  /** A field of CSV that stood in quotes. */
  QUOTED: 1,
  /** A string of JSON, without its quotes, unescaped. */
  STRING: 2,
  /** A number of JSON, as it is spelled. */
  NUMBER: 3,
  TRUE: 4,
  FALSE: 5,
  NULL: 6,
  /** The record has no such key. */
  MISSING: 7,
  /** An array or an object within a record of JSON, as it is spelled: valid JSON. */
  JSON: 8,
} as const;
export type FieldKind = (typeof FieldKind)[keyof typeof FieldKind];
