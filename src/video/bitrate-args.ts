import type { PictureRate } from "./picture-rate.ts";

/** The peak rate, and the buffer that it is measured over. */
export function bitrateArgs({ maxrateKbps, bufferKbits, targetKbps }: PictureRate): string[] {
  const peak = maxrateKbps ?? (bufferKbits === undefined ? undefined : targetKbps);
  if (peak === undefined) return [];
  return ["-maxrate", `${peak}k`, "-bufsize", `${bufferKbits ?? peak * 2}k`];
}
