import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/d1";
import type { Env } from "../config.ts";
import { toMediaError } from "../errors.ts";
import { type RenderedImage, renderImage } from "../image/pipeline.ts";
import { planImage } from "../image/plan.ts";
import type { ImageProbe } from "../image/probe.ts";
import { withTurn } from "../image/turn.ts";
import { readPublishedMedia } from "../media/store.ts";
import { readOriginal } from "../processing/image-task.ts";
import { findLogos, logoHeaders, readLogos } from "../processing/logos.ts";
import { renderInContainer } from "../processing/render-in-container.ts";
import { derivatives } from "../schema/media.ts";
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
  const here = async () => await renderHere(env, order, probe, clock);
  clock.begin(plan.lane === "edge" ? "wait" : "container");
  const made =
    plan.lane === "container-short"
      ? await renderThere(env, order)
      : order.isBackground
        ? await renderThere(env, order).catch(onlyWithoutContainer(here))
        : await here();
  clock.begin("record");
  await drizzle(env.DB)
    .insert(derivatives)
    .values({
      objectKey,
      mediaId: media.id,
      type: made.type,
      bytes: made.bytes,
      width: made.width,
      height: made.height,
      createdAt: Date.now(),
    })
    .onConflictDoNothing();
  // Whoever deleted the media meanwhile has swept its derivatives before this one was there.
  if (await readPublishedMedia(env.DB, media.id)) return;
  await env.MEDIA.delete(objectKey);
  await drizzle(env.DB).delete(derivatives).where(eq(derivatives.objectKey, objectKey));
}

type Made = Pick<typeof derivatives.$inferInsert, "type" | "bytes" | "width" | "height">;

/** What an isolate cannot hold. */
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

async function renderHere(
  env: Env,
  order: DerivativeOrder,
  probe: ImageProbe,
  clock: StepClock,
): Promise<Made> {
  const image = await withTurn("interactive", async (): Promise<RenderedImage | undefined> => {
    clock.begin("fetch");
    const input = await readOriginal(env.MEDIA, order.media.objectKey);
    const logos = await readLogos(env, [order.output]);
    const options = { logos, onStage: clock.begin };
    const [rendered] = await renderImage(input, probe, [order.output], options);
    return rendered;
  });
  if (!image) throw new Error("the pipeline made no image");
  clock.begin("store");
  await env.MEDIA.put(order.objectKey, image.bytes, { httpMetadata: { contentType: image.type } });
  return { type: image.type, bytes: image.bytes.length, width: image.width, height: image.height };
}
