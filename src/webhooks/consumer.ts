import type { DeliveryTicket, Env } from "../config.ts";
import { log } from "../log.ts";

/** Whether a batch comes from the queue of webhooks (`wrangler.toml`). */
export function isDeliveryBatch(batch: MessageBatch): batch is MessageBatch<DeliveryTicket> {
  return batch.queue === "darkroom-webhooks";
}

/** A target that has not taken its ticket by then, ms, is offered it again later: nobody else's tickets wait for it. */
const TAKEN_WITHIN_MS = 5_000;

/** Hands each ticket to its target, all at once, and waits for no answer from outside. */
export async function consumeDeliveryTickets(batch: MessageBatch<DeliveryTicket>, env: Env): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const { target } = message.body;
      try {
        await soon(env.WEBHOOK_TARGET.getByName(target).offer(target));
        message.ack();
      } catch (error) {
        log("error", "webhooks", "ticket_failed", { target, detail: String(error) });
        message.retry({ delaySeconds: 2 });
      }
    }),
  );
}

/** @throws Error when that takes too long; what it throws itself after that is nobody's */
async function soon(offered: Promise<void>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("the target did not answer")), TAKEN_WITHIN_MS);
  try {
    await Promise.race([offered, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
