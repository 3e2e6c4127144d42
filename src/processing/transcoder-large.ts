import type { Env } from "../config.ts";
import type { SlotSize } from "../schema/tasks.ts";
import { STORAGE_HOST, serveStorage, storageFailure } from "./storage-access.ts";
import { Transcoder } from "./transcoder.ts";

/** A slot on the biggest instance there is, for what does not fit the others. Where no engine runs: the same process. */
export class TranscoderLarge extends Transcoder {
  protected override readonly size: SlotSize = "large";
}

TranscoderLarge.outboundByHost = {
  [STORAGE_HOST]: (request: Request, env: Env) => serveStorage(request, env).catch(storageFailure),
};
