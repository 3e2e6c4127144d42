import type { ProgressSnapshot, ProgressUpdate } from "./event.ts";

/** Fields that move by themselves: alone they are no reason to tell anybody. */
const COMPANIONS = [
  "sequence",
  "timestamp",
  "estimated_remaining",
] as const satisfies (keyof ProgressSnapshot)[];

/**
 * What a watcher who holds `before` needs to hold `after`: the fields that differ, and of `tasks` only the rows that
 * differ. `null` when there is nothing worth telling.
 */
export function updateBetween(before: ProgressSnapshot, after: ProgressSnapshot): ProgressUpdate | null {
  const { update, isWorthTelling } = difference(before, after);
  return isWorthTelling ? update : null;
}

/** As {@link updateBetween}, but there is always one: a sign of life for who has heard nothing for a while. */
export function signOfLife(before: ProgressSnapshot, after: ProgressSnapshot): ProgressUpdate {
  return difference(before, after).update;
}

function difference(before: ProgressSnapshot, after: ProgressSnapshot) {
  const { tasks, ...fields } = after;
  const differing = Object.entries(fields).filter(([name, value]) => {
    return !same(value, before[name as keyof ProgressSnapshot]);
  });
  const rows = changedRows(before.tasks, tasks);
  const isWorthTelling =
    rows.length > 0 || differing.some(([name]) => !(COMPANIONS as readonly string[]).includes(name));
  const update: ProgressUpdate = {
    ...Object.fromEntries(differing),
    ...(rows.length > 0 && { tasks: rows }),
    sequence: after.sequence,
  };
  return { update, isWorthTelling };
}

function changedRows(before: ProgressSnapshot["tasks"], after: ProgressSnapshot["tasks"]) {
  const known = new Map(before.map((row) => [row.task_id, row]));
  return after.filter((row) => !same(row, known.get(row.task_id)));
}

/** Snapshots are plain JSON that one function builds, so equal values have equal texts. */
function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
