import { log } from "../log.ts";

/**
 * Does something to each of the rows in turn. What goes wrong with one is logged and keeps nobody else waiting: those
 * that look after rows begin with the oldest, so one that always fails would hold up all behind it.
 *
 * @param what names the work in the log
 * @returns how many it was done to
 */
export async function eachAlone<Row>(
  what: string,
  rows: readonly Row[],
  act: (row: Row) => Promise<unknown>,
): Promise<number> {
  let done = 0;
  for (const row of rows) {
    try {
      await act(row);
      done++;
    } catch (error) {
      log("error", "processing", "row_failed", { what, detail: String(error) });
    }
  }
  return done;
}
