/** How a decode ended; `codecs/kernels.ts` has the sentence for each. The first failure is the one that is kept. */
export const OK: i32 = 0;
export const TRUNCATED: i32 = 1;
export const BAD_MARKER: i32 = 2;
export const BAD_TABLE: i32 = 3;
export const BAD_FRAME: i32 = 4;
export const BAD_SCAN: i32 = 5;
export const BAD_CODE: i32 = 6;
export const OVERLONG_BLOCK: i32 = 7;
export const HOLE: i32 = 8;
export const BAD_RESTART: i32 = 9;
export const INCOMPLETE: i32 = 10;
export const TOO_MANY_SCANS: i32 = 11;
export const UNSUPPORTED: i32 = 12;
export const OUT_OF_MEMORY: i32 = 13;

let status: i32 = OK;

export function clearStatus(): void {
  status = OK;
}

export function fail(code: i32): void {
  if (status === OK) status = code;
}

export function hasFailed(): bool {
  return status !== OK;
}

export function currentStatus(): i32 {
  return status;
}
