/**
 * The worker as it ships, with bindings that fail now and then: queues lose and repeat messages, storage refuses to
 * write, or writes and does not say so. Only tests start it, in place of `src/worker.ts`.
 */
import type { DeliveryTicket, Env, Ticket } from "../../../src/config.ts";
import worker, {
  JobProgress as RealJobProgress,
  Transcoder as RealTranscoder,
  TranscoderLarge as RealTranscoderLarge,
  WebhookTarget as RealWebhookTarget,
} from "../../../src/worker.ts";

// Objects that neither store files nor send messages are as they ship.
export * from "../../../src/worker.ts";

/** Shares of all calls, 0–1. */
const FAULTS = { ticketLost: 0.1, ticketRepeated: 0.1, putRefused: 0.04, putUnconfirmed: 0.02 };

const QUEUES = [
  "EDGE_QUEUE",
  "CONTAINER_SHORT_QUEUE",
  "CONTAINER_LONG_QUEUE",
  "IO_QUEUE",
  "WEBHOOK_QUEUE",
] as const;

const known = new WeakMap<Env, Env>();

/** One set of bindings for each environment, as configuration is parsed once for each. */
function faulty(env: Env): Env {
  const made = known.get(env) ?? withFaults(env);
  known.set(env, made);
  return made;
}

function withFaults(env: Env): Env {
  const queues = Object.fromEntries(QUEUES.map((name) => [name, faultyQueue(env[name] as Queue<unknown>)]));
  return { ...env, ...queues, MEDIA: faultyBucket(env.MEDIA) };
}

function faultyQueue(queue: Queue<unknown>): Queue<unknown> {
  return instead(queue, {
    send: (message, options) => someTimes(() => queue.send(message, options)),
    sendBatch: (messages, options) => someTimes(() => queue.sendBatch(messages, options)),
  });
}

/** Once, twice or never; whoever sends is told that all is well. */
async function someTimes(send: () => Promise<QueueSendResponse>): Promise<QueueSendResponse> {
  const chance = Math.random();
  if (chance < FAULTS.ticketLost) return { metadata: { metrics: { backlogCount: 0, backlogBytes: 0 } } };
  if (chance < FAULTS.ticketLost + FAULTS.ticketRepeated) await send();
  return await send();
}

function faultyBucket(bucket: R2Bucket): R2Bucket {
  const put = async (...args: Parameters<R2Bucket["put"]>) => {
    const chance = Math.random();
    if (chance < FAULTS.putRefused)
      throw new Error("put: We encountered an internal error. Please try again. (10001)");
    const stored = await bucket.put(...args);
    if (chance < FAULTS.putRefused + FAULTS.putUnconfirmed)
      throw new Error("put: the connection was lost (fault)");
    return stored;
  };
  return instead(bucket, { put } as Partial<R2Bucket>);
}

/** The binding with some methods replaced; the others are called on the binding itself. */
function instead<T extends object>(binding: T, replaced: Partial<T>): T {
  return new Proxy(binding, {
    get(target, name) {
      const own = Reflect.get(replaced, name) ?? Reflect.get(target, name);
      return typeof own === "function" && !Reflect.has(replaced, name) ? own.bind(target) : own;
    },
  });
}

export class JobProgress extends RealJobProgress {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, faulty(env));
  }
}

export class Transcoder extends RealTranscoder {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, faulty(env));
  }
}

export class TranscoderLarge extends RealTranscoderLarge {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, faulty(env));
  }
}

export class WebhookTarget extends RealWebhookTarget {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, faulty(env));
  }
}

export default {
  fetch: (request, env, ctx) => worker.fetch(request, faulty(env), ctx),
  queue: (batch, env) => worker.queue(batch, faulty(env)),
  scheduled: (controller, env) => worker.scheduled(controller, faulty(env)),
} satisfies ExportedHandler<Env, Ticket | DeliveryTicket>;
