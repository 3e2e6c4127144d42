import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { MediaError, toMediaError } from "../errors.ts";
import { type RenderedImage, renderImage } from "../image/pipeline.ts";
import { planImage } from "../image/plan.ts";
import type { LogoHeaders } from "../image/plan-logo.ts";
import { type ImageProbe, needsMoreBytes, probeImage } from "../image/probe.ts";
import { withTurn } from "../image/turn.ts";
import type { MediaRecord } from "../media/record.ts";
import { readPublishedMedia } from "../media/store.ts";
import { readOriginal } from "../processing/image-task.ts";
import { findLogos, logoHeaders, readLogos } from "../processing/logos.ts";
import { renderInContainer } from "../processing/render-in-container.ts";
import { confirmed } from "../processing/second-opinion.ts";
import { derivatives } from "../schema/media.ts";
import { mezzanineKey, mezzanineObjectKey } from "./cache-key.ts";
import { makeshiftMetadata } from "./makeshift.ts";
import { type Mezzanine, mezzanineOf, throughMezzanine } from "./mezzanine.ts";
import type { DerivativeOrder } from "./producer.ts";
import type { StepClock } from "./step-clock.ts";

/**
 * Makes one derivative on the lane that its plan names, stores it in R2 and writes its row.
 *
 * @throws MediaError what planning or making it failed with
 */
export async function produceDerivative(env: Env, order: DerivativeOrder, clock: StepClock): Promise<void> {
  const { media, output, objectKey } = order;
  const probe = media.metadata as unknown as ImageProbe;
  const logos = logoHeaders(await findLogos(env.DB, [output]));
  const plan = planImage(probe, [output], { inputBytes: media.sizeBytes, logos });
  const here = async () => {
    const image = renderHere(env, order, media.objectKey, probe, clock);
    return await image.catch(afterDoubt(env, order, probe, logos, clock));
  };
  const isBeyond = plan.lane === "container-short" || order.isDoubted;
  clock.begin(isBeyond ? "container" : "wait");
  const made = isBeyond
    ? await renderBeyond(env, order, probe, logos, clock)
    : order.isBackground
      ? await renderThere(env, order).catch(onlyWithoutContainer(here))
      : await here();
  clock.begin("record");
  const { type, bytes, width, height } = made;
  await drizzle(env.DB)
    .insert(derivatives)
    .values({ objectKey, mediaId: media.id, type, bytes, width, height, createdAt: Date.now() })
    .onConflictDoUpdate({ target: derivatives.objectKey, set: { type, bytes, width, height } });
  // Whoever deleted the media meanwhile has swept its derivatives before this one was there.
  if (await readPublishedMedia(env.DB, media.id)) return;
  await env.MEDIA.delete(objectKey);
  await drizzle(env.DB).delete(derivatives).where(eq(derivatives.objectKey, objectKey));
}

type Made = Pick<typeof derivatives.$inferInsert, "type" | "bytes" | "width" | "height">;

/** What an isolate cannot make from the original: from the mezzanine where that does, else in a container. */
async function renderBeyond(
  env: Env,
  order: DerivativeOrder,
  probe: ImageProbe,
  logos: LogoHeaders,
  clock: StepClock,
): Promise<Made> {
  const { media, isMezzanine, isBackground } = order;
  const mezzanine = mezzanineOf(probe);
  const output =
    isMezzanine || isBackground ? undefined : throughMezzanine(probe, mezzanine, order.output, logos);
  if (output === undefined) return await renderThere(env, order);
  const objectKey = await obtainMezzanine(env, media, mezzanine, order.isDoubted);
  clock.begin("wait");
  return await renderHere(env, { ...order, output }, objectKey, undefined, clock);
}

/**
 * What a decoder of the edge refuses, a container looks at once more: it makes the mezzanine, or refuses as well, and is
 * remembered for all derivatives either way.
 */
function afterDoubt(
  env: Env,
  order: DerivativeOrder,
  probe: ImageProbe,
  logos: LogoHeaders,
  clock: StepClock,
) {
  return async (thrown: unknown): Promise<Made> => {
    const error = toMediaError(thrown);
    if (!error.isDoubtful) throw thrown;
    clock.begin("container");
    try {
      return await renderBeyond(env, { ...order, isDoubted: true }, probe, logos, clock);
    } catch (second) {
      throw confirmed(error.message, toMediaError(second));
    }
  };
}

/**
 * Has the mezzanine made, if it is not there, by the one object that makes it, and remembers for all derivatives when it
 * cannot be.
 *
 * @returns where it lies
 */
async function obtainMezzanine(
  env: Env,
  media: MediaRecord,
  { output }: Mezzanine,
  isDoubted = false,
): Promise<string> {
  const objectKey = mezzanineObjectKey(media.id, media.version);
  if (await env.MEDIA.head(objectKey)) return objectKey;
  const producer = env.DERIVATIVES.getByName(mezzanineKey(media.id, media.version));
  const answer = await producer.make({ objectKey, media, output, isMezzanine: true, isDoubted });
  if (!answer.made) throw new MediaError(answer.code, answer.message);
  return objectKey;
}

/** Every pixel of the original counts, or it moves. */
async function renderThere(env: Env, order: DerivativeOrder): Promise<Made> {
  const { file } = await renderInContainer(env, order);
  const { type, bytes, width = 0, height = 0 } = file;
  return { type, bytes, width, height };
}

/** Falls back when no container answers; every other failure would be the same here. */
function onlyWithoutContainer<T>(fallback: () => Promise<T>): (thrown: unknown) => Promise<T> {
  return async (thrown) => {
    if (toMediaError(thrown).class === "input") throw thrown;
    return await fallback();
  };
}

/**
 * @param source key of what it is made from
 * @param known what is known of that; left out: what its own header says
 */
async function renderHere(
  env: Env,
  order: DerivativeOrder,
  source: string,
  known: ImageProbe | undefined,
  clock: StepClock,
): Promise<Made> {
  const image = await withTurn("interactive", async (): Promise<RenderedImage | undefined> => {
    clock.begin("fetch");
    const input = await readOriginal(env.MEDIA, source);
    const logos = await readLogos(env, [order.output]);
    const options = { logos, onStage: clock.begin };
    const probe = known ?? probeWhole(input);
    const [rendered] = await renderImage(input, probe, [order.output], options);
    return rendered;
  });
  if (!image) throw new Error("the pipeline made no image");
  clock.begin("store");
  await env.MEDIA.put(order.objectKey, image.bytes, {
    httpMetadata: { contentType: image.type },
    // Only here: where a container makes it, one answers.
    ...(order.isMakeshift && { customMetadata: makeshiftMetadata(Date.now()) }),
  });
  return { type: image.type, bytes: image.bytes.length, width: image.width, height: image.height };
}

function probeWhole(file: Uint8Array): ImageProbe {
  const probe = probeImage(file, file.length);
  if (needsMoreBytes(probe)) throw new MediaError("corrupt_image", "The picture ends in its header.");
  return probe;
}
