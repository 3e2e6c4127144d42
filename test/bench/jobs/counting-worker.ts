/** The worker as it ships, counting the calls of its bindings: `GET /counts` answers them and begins anew. */
import type { DeliveryTicket, Env, Ticket } from "../../../src/config.ts";
import worker, {
  JobProgress as RealJobProgress,
  WebhookTarget as RealWebhookTarget,
} from "../../../src/worker.ts";

// What is not counted goes through as it is.
export * from "../../../src/worker.ts";

let counts: Record<string, number> = {};
const known = new WeakMap<Env, Env>();

function counted(env: Env): Env {
  const made = known.get(env) ?? withCounts(env);
  known.set(env, made);
  return made;
}

function withCounts(env: Env): Env {
  const bindings = Object.entries(env).map(([name, binding]) =>
    typeof binding === "object" && binding !== null ? [name, countingCalls(name, binding)] : [name, binding],
  );
  return Object.fromEntries(bindings) as Env;
}

/** Every call of a method is counted under `BINDING.method`; statements and stubs count theirs under their binding. */
function countingCalls<T extends object>(name: string, binding: T): T {
  return new Proxy(binding, {
    get(target, property) {
      const value = Reflect.get(target, property);
      if (typeof value !== "function") return value;
      return (...args: unknown[]) => {
        const method = String(property);
        const isLocal = method === "prepare" || method === "bind" || method === "getByName";
        if (!isLocal) counts[`${name}.${method}`] = (counts[`${name}.${method}`] ?? 0) + 1;
        const answer = Reflect.apply(value, target, args.map(unwrapped));
        return isLocal ? wrapped(countingCalls(name, answer as object), answer as object) : answer;
      };
    },
  });
}

const originals = new WeakMap<object, object>();

function wrapped(proxy: object, original: object): object {
  originals.set(proxy, original);
  return proxy;
}

/** A batch wants the statements themselves. */
function unwrapped(argument: unknown): unknown {
  if (Array.isArray(argument)) return argument.map(unwrapped);
  return (typeof argument === "object" && argument !== null && originals.get(argument)) || argument;
}

export class JobProgress extends RealJobProgress {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, counted(env));
  }
}

export class WebhookTarget extends RealWebhookTarget {
  constructor(ctx: DurableObjectState, env: Env) {
    super(ctx, counted(env));
  }
}

export default {
  async fetch(request, env, ctx) {
    if (new URL(request.url).pathname !== "/counts") return await worker.fetch(request, counted(env), ctx);
    const answer = Response.json(counts);
    counts = {};
    return answer;
  },
  queue: (batch, env) => worker.queue(batch, counted(env)),
  scheduled: (controller, env) => worker.scheduled(controller, counted(env)),
} satisfies ExportedHandler<Env, Ticket | DeliveryTicket>;
