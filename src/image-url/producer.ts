import { DurableObject } from "cloudflare:workers";
import type { Env } from "../config.ts";
import { type ErrorCode, toMediaError } from "../errors.ts";
import type { ImageAnalysis } from "../image/analysis.ts";
import type { ImageOutput } from "../image/output.ts";
import { log } from "../log.ts";
import type { MediaRecord } from "../media/record.ts";
import { hurryRender } from "../processing/render-in-container.ts";
import { analysisOf, placeCrop } from "./analysis.ts";
import { forgetFailure, recallFailure, rememberFailure } from "./failure-memory.ts";
import { isOutlived } from "./makeshift.ts";
import { produceDerivative } from "./produce.ts";
import { refreshRemoteImage } from "./remote-image.ts";
import { createStepClock } from "./step-clock.ts";

/** One derivative to make. */
export interface DerivativeOrder {
  objectKey: string;
  media: MediaRecord;
  output: ImageOutput;
  /** Nobody waits for it: it is left to a container, unless none answers. */
  isBackground?: boolean;
  /** What other derivatives are made from: it is made from the original, by a container. */
  isMezzanine?: boolean;
  /** The edge has refused the original: a container says whether it is right. */
  isDoubted?: boolean;
  /** It has to do without something for now, and is made again soon. */
  isMakeshift?: boolean;
}

/** Errors lose their class on the way out of an object, so they travel as values. */
export type DerivativeAnswer =
  | { made: true; timings: DerivativeTimings }
  | { made: false; code: ErrorCode; message: string };

export type AnalysisAnswer = { analysis: ImageAnalysis } | { code: ErrorCode; message: string };

export type RemoteAnswer = { mediaId: string } | { code: ErrorCode; message: string };

/** ms of each step; empty when the derivative was there already. */
export type DerivativeTimings = Record<string, number>;

/**
 * One object for each derivative: however many ask for it at once, it is made once, and outlives its first asker. What
 * could not be made is not tried again with every request; its key holds the media's version, so a new version is.
 */
export class DerivativeProducer extends DurableObject<Env> {
  #making: Promise<DerivativeAnswer> | undefined;
  /** What is being made was ordered when nobody waited for it. */
  #isPatient = false;
  #fetching: Promise<RemoteAnswer> | undefined;

  /** Makes the derivative unless it is in R2 by now; resolves when it is. */
  async make(order: DerivativeOrder): Promise<DerivativeAnswer> {
    // Said by each who asks: whoever asks too early is not heard, as it is not in line yet.
    if (this.#making && this.#isPatient && !order.isBackground) {
      this.ctx.waitUntil(hurryRender(this.env, order));
    }
    return await this.#start(order);
  }

  /** As {@link make}, and resolves at once: it is made behind the caller's back. */
  begin(order: DerivativeOrder): void {
    void this.#start(order);
  }

  #start(order: DerivativeOrder): Promise<DerivativeAnswer> {
    if (!this.#making) {
      this.#isPatient = order.isBackground === true;
      this.#making = this.#produce(order).finally(() => {
        this.#making = undefined;
      });
    }
    this.ctx.waitUntil(this.#making);
    return this.#making;
  }

  /** The image behind a listed URL: however many ask for it at once, its host is asked once. */
  async fetchRemote(url: string, origins: string[]): Promise<RemoteAnswer> {
    this.#fetching ??= fetchAnswer(this.env, url, origins).finally(() => {
      this.#fetching = undefined;
    });
    this.ctx.waitUntil(this.#fetching);
    return await this.#fetching;
  }

  /** What is known of a picture, from the table or from a look at it. */
  async analyze(media: MediaRecord): Promise<AnalysisAnswer> {
    try {
      return { analysis: await analysisOf(this.env, media) };
    } catch (thrown) {
      const error = toMediaError(thrown);
      return { code: error.code, message: error.message };
    }
  }

  /** When a failure has been told for long enough. */
  override async alarm(): Promise<void> {
    await forgetFailure(this.ctx.storage);
  }

  async #produce(order: DerivativeOrder): Promise<DerivativeAnswer> {
    const known = recallFailure(this.ctx.storage, Date.now());
    if (known) return { made: false, code: known.code, message: known.message };
    try {
      const stored = await this.env.MEDIA.head(order.objectKey);
      if (stored && !isOutlived(stored, Date.now())) return { made: true, timings: {} };
      const clock = createStepClock();
      clock.begin("analysis");
      const placed = await placeCrop(this.env, order.media, order.output);
      await produceDerivative(this.env, { ...order, ...placed }, clock);
      return { made: true, timings: clock.timings() };
    } catch (thrown) {
      const error = toMediaError(thrown);
      log("warn", "image-url", "derivative_failed", {
        object_key: order.objectKey,
        code: error.code,
        detail: error.privateDetail,
      });
      const { code, message } = error;
      await rememberFailure(this.ctx.storage, { code, message }, Date.now());
      return { made: false, code, message };
    }
  }
}

async function fetchAnswer(env: Env, url: string, origins: string[]): Promise<RemoteAnswer> {
  try {
    return { mediaId: (await refreshRemoteImage(env, new URL(url), origins)).id };
  } catch (thrown) {
    const { code, message } = toMediaError(thrown);
    return { code, message };
  }
}
