import type { TranscoderHealth } from "../video/protocol.ts";
import { type FetchTranscoder, readHealth } from "./transcoder-client.ts";

export type SlotState = "starting" | "idle" | "processing" | "draining" | "failed";

/** What is known of the transcoder behind a slot. */
export interface SlotHealth {
  /** Asks it; wakes it when it sleeps. Throws when it does not answer. */
  ask(): Promise<TranscoderHealth>;
  /** The latest answer, and when it came, Unix milliseconds. */
  latest(): { health: TranscoderHealth; atMs: number } | undefined;
  /** What the slot does, with so many tasks in it. A container that sleeps is idle. */
  state(running: number): SlotState;
}

export function createSlotHealth(fetchTranscoder: FetchTranscoder): SlotHealth {
  let latest: { health: TranscoderHealth; atMs: number } | undefined;
  let hasFailed = false;
  let asking = 0;

  async function ask(): Promise<TranscoderHealth> {
    asking++;
    try {
      const health = await readHealth(fetchTranscoder);
      latest = { health, atMs: Date.now() };
      hasFailed = false;
      return health;
    } catch (error) {
      hasFailed = true;
      throw error;
    } finally {
      asking--;
    }
  }

  function state(running: number): SlotState {
    if (hasFailed) return asking > 0 ? "starting" : "failed";
    if (asking > 0 && latest === undefined) return "starting";
    if (latest?.health.state === "draining") return "draining";
    return running > 0 ? "processing" : "idle";
  }

  return { ask, latest: () => latest, state };
}
