/** Who is waiting: a person behind a URL goes before a job in a queue. */
export type TurnPriority = "interactive" | "job";

/**
 * How long a turn may be held before the next in line stops waiting for it, ms. A request whose client has gone can be
 * ended by the runtime in the middle of an await, and then its `finally` never runs.
 */
export const MAX_TURN_MS = 60_000;

interface Turn {
  since: number;
}

interface Waiter {
  grant: (turn: Turn) => void;
}

const waiting: Record<TurnPriority, Waiter[]> = { interactive: [], job: [] };
let held: Turn | undefined;

/**
 * Runs `work` while no other image work of this isolate runs: memory is planned for one picture at a time, and WASM
 * memory never shrinks. Turns of one priority come in the order they were asked for.
 */
export async function withTurn<T>(priority: TurnPriority, work: () => Promise<T>): Promise<T> {
  const turn = await takeTurn(priority);
  try {
    return await work();
  } finally {
    if (held === turn) passTurn();
  }
}

async function takeTurn(priority: TurnPriority): Promise<Turn> {
  if (held === undefined || isLost(held)) {
    held = { since: Date.now() };
    return held;
  }
  let timer: ReturnType<typeof setInterval> | undefined;
  try {
    return await new Promise<Turn>((grant) => {
      waiting[priority].push({ grant });
      timer = setInterval(() => {
        if (held !== undefined && isLost(held)) passTurn();
      }, MAX_TURN_MS / 4);
    });
  } finally {
    clearInterval(timer);
  }
}

function isLost(turn: Turn): boolean {
  return Date.now() - turn.since > MAX_TURN_MS;
}

function passTurn(): void {
  const next = waiting.interactive.shift() ?? waiting.job.shift();
  held = next === undefined ? undefined : { since: Date.now() };
  if (next !== undefined && held !== undefined) next.grant(held);
}
