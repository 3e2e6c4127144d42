import type { Env } from "../config.ts";
import { type ErrorCode, MediaError } from "../errors.ts";
import type { ImageAnalysis } from "../image/analysis.ts";
import type { ImageOutput } from "../image/output.ts";
import { log } from "../log.ts";
import type { MediaRecord } from "../media/record.ts";
import type { ProducedFile } from "../video/protocol.ts";
import { slotsOfSize } from "./slots.ts";

export interface RenderOrder {
  media: MediaRecord;
  output: ImageOutput;
  /** Where the image goes in R2. */
  objectKey: string;
  /** Whether the original itself is looked at, too. */
  analyze?: boolean;
  /** The edge has refused the original: it is read strictly, and not for long. */
  isDoubted?: boolean;
  /** Nobody waits for it: it is made when nothing else is. */
  isBackground?: boolean;
}

/** Errors lose their class on the way out of an object, so they travel as values. */
export type RenderAnswer =
  | { file: ProducedFile; analysis?: ImageAnalysis | undefined }
  | { code: ErrorCode; message: string };

/**
 * Has one image made by a container, outside of any job: what an isolate cannot hold but a URL asks for.
 *
 * @throws MediaError what the container reported; `transcoder_unavailable` when no slot answers.
 */
export async function renderInContainer(
  env: Env,
  order: RenderOrder,
): Promise<{ file: ProducedFile; analysis?: ImageAnalysis | undefined }> {
  const name = slotOf(env, order);
  const answer: RenderAnswer = await env.TRANSCODER.getByName(name).render(name, order);
  if ("file" in answer) return answer;
  throw new MediaError(answer.code, answer.message);
}

/** Somebody waits now for an image that was ordered when nobody did. When that cannot be said, its turn comes all the same. */
export async function hurryRender(env: Env, order: RenderOrder): Promise<void> {
  try {
    await env.TRANSCODER.getByName(slotOf(env, order)).hurry(order.objectKey);
  } catch (error) {
    log("warn", "image-url", "not_hurried", { object_key: order.objectKey, detail: String(error) });
  }
}

/** Spreads orders over the slots, and one order always to the same, whose container is then warm for its siblings. */
function slotOf(env: Env, { media }: RenderOrder): string {
  const names = slotsOfSize(env, "standard").map((slot) => slot.name);
  return names[media.id.charCodeAt(media.id.length - 1) % names.length] ?? "slot-1";
}
