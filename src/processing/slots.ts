import { configOf, type Env } from "../config.ts";
import type { SlotSize } from "../schema/tasks.ts";
import type { Transcoder } from "./transcoder.ts";

/** One slot: a Durable Object and the container instance behind it. Its name is also its worker id. */
export interface SlotName {
  name: string;
  size: SlotSize;
}

/**
 * The slots of this deployment. Work is offered in this order, so that the first ones stay warm, and the last ones
 * sleep while the first have room.
 */
export function slotsOf(env: Env): SlotName[] {
  const { transcoderSlots, transcoderLargeSlots } = configOf(env);
  return [...named("slot", "standard", transcoderSlots), ...named("large", "large", transcoderLargeSlots)];
}

export function slotsOfSize(env: Env, size: SlotSize): SlotName[] {
  return slotsOf(env).filter((slot) => slot.size === size);
}

export function slotBehind(env: Env, { name, size }: SlotName): DurableObjectStub<Transcoder> {
  return size === "large" ? env.TRANSCODER_LARGE.getByName(name) : env.TRANSCODER.getByName(name);
}

function named(prefix: string, size: SlotSize, count: number): SlotName[] {
  return Array.from({ length: count }, (_, index) => ({ name: `${prefix}-${index + 1}`, size }));
}
