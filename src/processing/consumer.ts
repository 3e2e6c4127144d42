import type { Env, Ticket } from "../config.ts";
import { toMediaError } from "../errors.ts";
import { withTurn } from "../image/turn.ts";
import { claimTask } from "../jobs/store/claim-task.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import { LANES, type Lane } from "../schema.ts";
import { heldUntil, reportError } from "./breakers.ts";
import { runInIsolate } from "./isolate-runner.ts";
import type { ContainerLane } from "./slot.ts";
import { slotNames } from "./slot-names.ts";

/**
 * Spends the tickets of a batch. Each stands for one claim: the edge and io lanes run what they claim here and now,
 * the container lanes offer the work to their slots and never wait for it. Io tasks wait for others more than they
 * work: a slow host must not hold up what is behind it, so they run side by side.
 */
export async function consumeTickets(batch: MessageBatch<Ticket>, env: Env): Promise<void> {
  const sideBySide: Promise<void>[] = [];
  for (const message of batch.messages) {
    const lane = laneOf(message.body);
    const spent = consumeTicket(message, lane, env);
    if (lane === "io") sideBySide.push(spent);
    else await spent;
  }
  await Promise.all(sideBySide);
}

async function consumeTicket(message: Message<Ticket>, lane: Lane | undefined, env: Env): Promise<void> {
  try {
    if (lane) await spendTicket(env, lane);
    message.ack();
  } catch (error) {
    log("error", "consumer", "ticket_failed", { lane, detail: String(error) });
    await reportError(env, toMediaError(error));
    message.retry({ delaySeconds: RETRY_TICKET_S });
  }
}

/** A claim fails when D1 does: a moment later it may not. */
const RETRY_TICKET_S = 2;

/** A message that is no ticket is spent without effect: the sweep makes new ones from D1. */
function laneOf(ticket: Partial<Ticket> | null): Lane | undefined {
  return LANES.find((lane) => lane === ticket?.lane);
}

async function spendTicket(env: Env, lane: Lane): Promise<void> {
  const untilMs = await heldUntil(env);
  if (untilMs !== undefined) return await remindLater(env, lane, untilMs);
  switch (lane) {
    // The turn is taken before the claim: a lease that waits for its turn is a lease that burns.
    case "edge":
      return await withTurn("job", () => runBest(env, lane));
    case "io":
      return await runBest(env, lane);
    case "container-short":
    case "container-long":
      return await offerToSlots(env, lane);
  }
}

async function runBest(env: Env, lane: Lane): Promise<void> {
  const workerId = `${lane}-${isolateId()}`;
  const claim = await claimTask(env.DB, { lane, workerId, token: crypto.randomUUID(), nowMs: Date.now() });
  if (claim.claimed) return await runInIsolate(env, claim.claimed);
  await remindLater(env, lane, claim.nextAtMs);
}

let ownIsolateId: string | undefined;

/** Random values are not to be had at start-up, so the id is made at the first claim. */
function isolateId(): string {
  ownIsolateId ??= crypto.randomUUID().slice(0, 8);
  return ownIsolateId;
}

async function offerToSlots(env: Env, lane: ContainerLane): Promise<void> {
  for (const name of slotNames(env)) {
    const answered = await env.TRANSCODER.getByName(name).offer(name, lane);
    if (answered.answer === "taken") return;
    if (answered.answer === "empty") return await remindLater(env, lane, answered.nextAtMs);
    // A busy slot claims the next task itself when it has room; one without its transcoder sends a ticket again.
  }
}

async function remindLater(env: Env, lane: Lane, nextAtMs: number | undefined): Promise<void> {
  if (nextAtMs === undefined) return;
  await sendTickets(laneQueues(env), [lane], Math.max(0, nextAtMs - Date.now()));
}
