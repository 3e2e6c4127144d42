import type { Env, Ticket } from "../config.ts";
import type { Lane } from "../schema/tasks.ts";

export type LaneQueues = Record<Lane, Queue<Ticket>>;

export function laneQueues(env: Env): LaneQueues {
  return {
    edge: env.EDGE_QUEUE,
    "container-short": env.CONTAINER_SHORT_QUEUE,
    "container-long": env.CONTAINER_LONG_QUEUE,
    io: env.IO_QUEUE,
  };
}

/** Queues refuse longer delays (24 h). */
const MAX_DELAY_S = 86_400;
/** Queues take at most this many messages a batch. */
const MAX_BATCH = 100;

/**
 * Says once for each entry that there is work in its lane. A ticket that is lost costs only time: the sweep sends
 * another for every ready task.
 */
export async function sendTickets(queues: LaneQueues, lanes: readonly Lane[], delayMs = 0): Promise<void> {
  const byLane = Map.groupBy(lanes, (lane) => lane);
  const delaySeconds = Math.min(MAX_DELAY_S, Math.ceil(delayMs / 1000));
  await Promise.all(
    [...byLane].map(async ([lane, same]) => {
      for (let sent = 0; sent < same.length; sent += MAX_BATCH) {
        const batch = same.slice(sent, sent + MAX_BATCH).map(() => ({ body: { lane } }));
        await queues[lane].sendBatch(batch, { delaySeconds });
      }
    }),
  );
}
