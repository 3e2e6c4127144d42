/** Who is waiting: a person behind a URL goes before a job in a queue. */
export type TurnPriority = "interactive" | "job";

/**
 * How long a turn may be held before the next in line stops waiting for it, ms. A request whose client has gone can be
 * ended by the runtime in the middle of an await, and then its `finally` never runs.
 */
export const MAX_TURN_MS = 60_000;
/** How often one in line looks whether it is their turn, ms. */
const LOOK_MS = 5;
/** How long a turn that is free waits for the first in line, who may have been ended as well, ms. */
const GRACE_MS = 1_000;

interface Turn {
  since: number;
}

const waiting: Record<TurnPriority, symbol[]> = { interactive: [], job: [] };
let held: Turn | undefined;
let freeSince = 0;

/**
 * Runs `work` while no other image work of this isolate runs: memory is planned for one picture at a time, and WASM
 * memory never shrinks. Turns of one priority come in the order they were asked for.
 *
 * Those in line are requests and Durable Objects of one isolate, and the runtime lets none of them wake another: a promise
 * of one that the other resolves never is. So each looks for itself, on a timer of its own.
 */
export async function withTurn<T>(priority: TurnPriority, work: () => Promise<T>): Promise<T> {
  const turn = await takeTurn(priority);
  try {
    return await work();
  } finally {
    if (held === turn) leaveTurn();
  }
}

async function takeTurn(priority: TurnPriority): Promise<Turn> {
  const self = Symbol(priority);
  const line = waiting[priority];
  line.push(self);
  try {
    while (!isNext(self)) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    held = { since: Date.now() };
    return held;
  } finally {
    line.splice(line.indexOf(self), 1);
  }
}

function isNext(self: symbol): boolean {
  if (held !== undefined && Date.now() - held.since > MAX_TURN_MS) leaveTurn();
  if (held !== undefined) return false;
  const first = waiting.interactive[0] ?? waiting.job[0];
  return first === self || Date.now() - freeSince > GRACE_MS;
}

function leaveTurn(): void {
  held = undefined;
  freeSince = Date.now();
}
