/**
 * The worker as it ships, and beside it `POST /bare`: the calls of storage, database and queue that an image job makes, and
 * nothing else. What that takes is what the local runtime takes for itself.
 */
import type { DeliveryTicket, Env, Ticket } from "../../../src/config.ts";
import worker from "../../../src/worker.ts";

export * from "../../../src/worker.ts";

/** Marks the tickets of this bench; `lane` is none that there is. */
const BARE = "bare:";
/** What an output of the burst weighs, about. */
const OUTPUT = new Uint8Array(4_000);

export default {
  async fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === "/bare") return await accept(request, env);
    if (pathname === "/bare/done") return Response.json({ done });
    return await worker.fetch(request, env, ctx);
  },
  async queue(batch, env) {
    const bare = batch.messages.map(({ body }) => keyOf(body));
    if (!bare.some((key) => key !== undefined)) return await worker.queue(batch, env);
    for (const key of bare) if (key !== undefined) await work(env, key);
  },
  scheduled: (controller, env) => worker.scheduled(controller, env),
} satisfies ExportedHandler<Env, Ticket | DeliveryTicket>;

let done = 0;

function keyOf(body: Ticket | DeliveryTicket): string | undefined {
  return "lane" in body && body.lane.startsWith(BARE) ? body.lane.slice(BARE.length) : undefined;
}

/** An upload is opened and accepted: two calls of the database, one of storage, one of the queue. */
async function accept(request: Request, env: Env): Promise<Response> {
  const key = `bare/${crypto.randomUUID()}`;
  const photo = await request.arrayBuffer();
  await callDatabase(env);
  await env.MEDIA.put(key, photo);
  await callDatabase(env);
  await env.EDGE_QUEUE.send({ lane: `${BARE}${key}` } as unknown as Ticket);
  return Response.json({ job_id: key }, { status: 201 });
}

/** A task is claimed and finished: two calls of the database, two of storage. */
async function work(env: Env, key: string): Promise<void> {
  await callDatabase(env);
  const photo = await env.MEDIA.get(key);
  await photo?.arrayBuffer();
  await env.MEDIA.put(`${key}.webp`, OUTPUT);
  await callDatabase(env);
  done++;
}

/** The least that a database can be asked. */
async function callDatabase(env: Env): Promise<void> {
  await env.DB.batch([env.DB.prepare("SELECT 1")]);
}
