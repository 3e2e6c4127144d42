import { configOf, type Env } from "../config.ts";

/** The slots of this deployment: each name is a Durable Object and the container instance behind it. */
export function slotNames(env: Env): string[] {
  return Array.from({ length: configOf(env).transcoderSlots }, (_, index) => `slot-${index + 1}`);
}
