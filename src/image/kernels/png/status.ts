/** What decoding ends with; `codecs/png-rows.ts` has the words for each. */
export const OK: i32 = 0;
/** The compressed data ends before the picture does. */
export const TRUNCATED: i32 = 1;
/** It does not begin as zlib data does. */
export const BAD_HEADER: i32 = 2;
/** A block is of no known kind, or its stored length contradicts itself. */
export const BAD_BLOCK: i32 = 3;
/** Code lengths that make no code. */
export const BAD_TABLE: i32 = 4;
/** A code that its table does not have. */
export const BAD_CODE: i32 = 5;
/** A repetition of what lies before the data. */
export const BAD_DISTANCE: i32 = 6;
/** A row is filtered in a way that does not exist. */
export const BAD_FILTER: i32 = 7;
/** All rows are there, and are not what was compressed. */
export const BAD_CHECKSUM: i32 = 8;
