/** No record. */
export const NONE = -1;

/** Records in a row, oldest first; BlockRecords keeps the links. Every record is in one. */
export class RecordList {
  head = NONE;
  tail = NONE;
  length = 0;
}
