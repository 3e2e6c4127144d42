import { ContainerProxy } from "@cloudflare/containers";
import { KeyBudget } from "./access/key-budget.ts";
import { app } from "./app.ts";
import type { DeliveryTicket, Env, Ticket } from "./config.ts";
import { MissBudget } from "./image-url/miss-budget.ts";
import { DerivativeProducer } from "./image-url/producer.ts";
import { CircuitBreakers } from "./processing/circuit-breakers.ts";
import { consumeTickets } from "./processing/consumer.ts";
import { consumeDeadMessages, isDeadBatch } from "./processing/dead-messages.ts";
import { JobProgress } from "./processing/job-progress.ts";
import { armLeaseWatch, LeaseWatch } from "./processing/lease-watch.ts";
import { Transcoder } from "./processing/transcoder.ts";
import { TranscoderLarge } from "./processing/transcoder-large.ts";
import { Feed } from "./progress/feed.ts";
import { reissueTickets, sweep } from "./retention/sweep.ts";
import { consumeDeliveryTickets, isDeliveryBatch } from "./webhooks/consumer.ts";
import { WebhookTarget } from "./webhooks/webhook-target.ts";

export {
  CircuitBreakers,
  ContainerProxy,
  DerivativeProducer,
  Feed,
  JobProgress,
  KeyBudget,
  LeaseWatch,
  MissBudget,
  Transcoder,
  TranscoderLarge,
  WebhookTarget,
};

let ticketsReissued = false;

/** Queue messages may have vanished with the process before this one; D1 still knows what is ready. */
async function reissueAfterStart(env: Env): Promise<void> {
  if (ticketsReissued) return;
  ticketsReissued = true;
  await armLeaseWatch(env);
  await reissueTickets(env, Date.now());
}

export default {
  async fetch(request, env, ctx) {
    ctx.waitUntil(reissueAfterStart(env));
    return await app.fetch(request, env, ctx);
  },
  async queue(batch, env) {
    if (isDeadBatch(batch)) return await consumeDeadMessages(batch, env);
    if (isDeliveryBatch(batch)) return await consumeDeliveryTickets(batch, env);
    await consumeTickets(batch as MessageBatch<Ticket>, env);
  },
  async scheduled(controller, env) {
    await sweep(env, controller.scheduledTime);
  },
} satisfies ExportedHandler<Env, Ticket | DeliveryTicket>;
