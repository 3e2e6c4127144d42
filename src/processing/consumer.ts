import type { Env, Ticket } from "../config.ts";
import { toMediaError } from "../errors.ts";
import { withTurn } from "../image/turn.ts";
import { isAnyReady } from "../jobs/store/read-lanes.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import { LANES, type Lane, type SlotSize } from "../schema/tasks.ts";
import { reportError } from "./breakers.ts";
import { claimWork } from "./claim-work.ts";
import { runInIsolate } from "./isolate-runner.ts";
import type { ContainerLane } from "./lane-capacity.ts";
import { slotBehind, slotsOfSize } from "./slots.ts";

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
  const claim = await claimWork(env, { lane, workerId });
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
  // The large slots are woken only for what is theirs.
  if (await isAnyReady(env.DB, lane, "large", Date.now())) {
    if (await isTaken(env, lane, "large")) return;
  }
  await isTaken(env, lane, "standard");
}

/** Offers the work to the slots of a size, in their order, until one takes it. */
async function isTaken(env: Env, lane: ContainerLane, size: SlotSize): Promise<boolean> {
  for (const slot of slotsOfSize(env, size)) {
    const answered = await slotBehind(env, slot).offer(slot.name, lane);
    if (answered.answer === "taken") return true;
    if (answered.answer === "empty") {
      await remindLater(env, lane, answered.nextAtMs);
      return false;
    }
    // A busy slot claims the next task itself when it has room; one without its transcoder sends a ticket again.
  }
  return false;
}

async function remindLater(env: Env, lane: Lane, nextAtMs: number | undefined): Promise<void> {
  if (nextAtMs === undefined) return;
  await sendTickets(laneQueues(env), [lane], Math.max(0, nextAtMs - Date.now()));
}
