import type { DeliveryTicket, Env, Ticket } from "../config.ts";
import { keepDeadMessage } from "../jobs/store/dead-letters.ts";
import { countReadyTasks } from "../jobs/store/sweep-queries.ts";
import { laneQueues, sendTickets } from "../jobs/tickets.ts";
import { log } from "../log.ts";
import { LANES } from "../schema/tasks.ts";
import { overdueTargets } from "../webhooks/deliveries.ts";
import { sendDeliveryTickets } from "../webhooks/dispatch.ts";

/** Whether a batch comes from a dead-letter queue (`wrangler.toml`): messages that were tried in vain. */
export function isDeadBatch(batch: MessageBatch): boolean {
  return batch.queue.endsWith("-dead");
}

/**
 * Reconciles messages that died with D1, which knows better: a ticket says only that there is work, so if there is
 * some, another is sent, and if not, it died of nothing. What is no ticket of ours is kept for an operator to see.
 * Safe to repeat: a ticket too many finds nothing to claim, and a message is kept once.
 */
export async function consumeDeadMessages(batch: MessageBatch, env: Env): Promise<void> {
  for (const message of batch.messages) {
    try {
      await reconcile(env, batch.queue, message);
      message.ack();
    } catch (error) {
      log("error", "dead_messages", "reconcile_failed", { queue: batch.queue, detail: String(error) });
      message.retry({ delaySeconds: RETRY_AFTER_S });
    }
  }
}

/** What killed a ticket five times is given a moment to pass. */
const REVIVE_AFTER_MS = 10_000;
const RETRY_AFTER_S = 30;
const MAX_TARGETS = 1_000;

async function reconcile(env: Env, queue: string, message: Message<unknown>): Promise<void> {
  const ticket = message.body as Partial<Ticket & DeliveryTicket> | null;
  const lane = LANES.find((each) => each === ticket?.lane);
  const nowMs = Date.now();
  if (lane) {
    const ready = (await countReadyTasks(env.DB, nowMs)).some((row) => row.lane === lane && row.ready > 0);
    if (ready) await sendTickets(laneQueues(env), [lane], REVIVE_AFTER_MS);
    return log("warn", "dead_messages", "ticket_died", { queue, lane, revived: ready });
  }
  if (queue === "darkroom-webhooks-dead" && typeof ticket?.target === "string") {
    const { target } = ticket;
    const due = (await overdueTargets(env.DB, nowMs, MAX_TARGETS)).includes(target);
    if (due) await sendDeliveryTickets(env, [target]);
    return log("warn", "dead_messages", "ticket_died", { queue, target, revived: due });
  }
  await keep(env, queue, message, nowMs);
}

async function keep(env: Env, queue: string, message: Message<unknown>, nowMs: number): Promise<void> {
  const body = String(JSON.stringify(message.body)).slice(0, 1_000);
  const reason = "It is no ticket that this version of the service sends.";
  await keepDeadMessage(env.DB, { id: message.id, queue, body, reason, receivedAt: nowMs });
  log("error", "dead_messages", "message_kept", { queue, message_id: message.id });
}
