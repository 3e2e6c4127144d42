import type { DeliveryTicket, Env } from "../config.ts";
import { log } from "../log.ts";

/** Whether a batch comes from the queue of webhooks (`wrangler.toml`). */
export function isDeliveryBatch(batch: MessageBatch): batch is MessageBatch<DeliveryTicket> {
  return batch.queue === "darkroom-webhooks";
}

/** Hands each ticket to its target, all at once, and waits for no answer from outside. */
export async function consumeDeliveryTickets(batch: MessageBatch<DeliveryTicket>, env: Env): Promise<void> {
  await Promise.all(
    batch.messages.map(async (message) => {
      const { target } = message.body;
      try {
        await env.WEBHOOK_TARGET.getByName(target).offer(target);
        message.ack();
      } catch (error) {
        log("error", "webhooks", "ticket_failed", { target, detail: String(error) });
        message.retry({ delaySeconds: 2 });
      }
    }),
  );
}
