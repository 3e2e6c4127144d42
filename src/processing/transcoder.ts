import { Container } from "@cloudflare/containers";
import { configOf, type Env } from "../config.ts";
import type { SlotSize } from "../schema/tasks.ts";
import { withContainer } from "./container-engine.ts";
import type { ContainerLane } from "./lane-capacity.ts";
import type { RenderAnswer, RenderOrder } from "./render-in-container.ts";
import { createSlot, type OfferAnswer, type Slot, type SlotReport } from "./slot.ts";
import { STORAGE_HOST, serveStorage, storageFailure } from "./storage-access.ts";

/**
 * One slot: a container instance with ffmpeg and libvips, and the object that feeds it. It reaches nothing but
 * storage, through the handler below. The logic is in `slot.ts`.
 */
export class Transcoder extends Container<Env> {
  override defaultPort = 8080;
  override enableInternet = false;
  protected readonly size: SlotSize = "standard";
  #slot: Slot | undefined;

  constructor(ctx: DurableObjectState, env: Env) {
    super(withContainer(ctx, configOf(env).transcoderUrl) as DurableObjectState<Record<string, never>>, env);
    this.sleepAfter = configOf(env).slotSleepAfter;
  }

  /** Offers this slot work of a lane; it claims the best task itself when it has room. */
  async offer(name: string, lane: ContainerLane): Promise<OfferAnswer> {
    return await this.#slotNamed(name).offer(lane);
  }

  /** Stops an attempt that runs here; says whether it did. */
  async stopAttempt(taskId: string, attempt: number): Promise<boolean> {
    return this.#slot?.stop(taskId, attempt) ?? false;
  }

  /** Whether the transcoder behind this slot answers; wakes it when it sleeps. */
  async isReachable(name: string): Promise<boolean> {
    return await this.#slotNamed(name).isReachable();
  }

  /** What this slot does and uses; `deep` asks its container, and wakes it. */
  async report(name: string, deep: boolean): Promise<SlotReport> {
    return await this.#slotNamed(name).report(deep);
  }

  /** Makes one image outside of any job. */
  async render(name: string, order: RenderOrder): Promise<RenderAnswer> {
    return await this.#slotNamed(name).render(order);
  }

  /** See {@link Slot.hurry}. */
  hurry(objectKey: string): void {
    this.#slot?.hurry(objectKey);
  }

  #slotNamed(name: string): Slot {
    this.#slot ??= createSlot({
      env: this.env,
      name,
      size: this.size,
      fetchTranscoder: (path, init) => this.containerFetch(`http://transcoder${path}`, init ?? {}),
      waitUntil: (work) => this.ctx.waitUntil(work),
    });
    return this.#slot;
  }
}

// Assigned, not declared: a static field would define over the setter of the base class and be ignored.
Transcoder.outboundByHost = {
  [STORAGE_HOST]: (request: Request, env: Env) => serveStorage(request, env).catch(storageFailure),
};
