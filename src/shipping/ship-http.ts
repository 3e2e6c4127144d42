import type { Env } from "../config.ts";
import { activeSecrets, ensureDefaultSecret } from "../webhooks/secrets.ts";
import { signatureHeader } from "../webhooks/signature.ts";
import type { OpenDestination } from "./destination.ts";
import { multipartBody } from "./multipart-stream.ts";
import { openParcel, type Parcel } from "./parcel.ts";
import { sendParcel } from "./send-parcel.ts";

/**
 * Posts a file as multipart/form-data, streamed from R2: `worker_name`, what is known of the file, and last `file`.
 * `X-Delivery-Id` and `Idempotency-Key` name the delivery, the same at every attempt.
 *
 * Signed like a webhook (Standard Webhooks 1.0) with the owner's default secret, but over the lower-case hex SHA-256 of
 * the file instead of the body: `<id>.<timestamp>.<sha256>`. So a receiver can verify it without keeping the body.
 *
 * @throws MediaError as `sendParcel` does
 */
export async function shipToHttp(
  env: Env,
  owner: string,
  { url, settings, secrets }: Extract<OpenDestination, { kind: "http" }>,
  parcel: Parcel,
): Promise<void> {
  const fields = {
    worker_name: settings.worker_name ?? parcel.worker,
    delivery_id: parcel.deliveryId,
    job_id: parcel.jobId,
    media_id: parcel.mediaId,
    path: parcel.path,
    type: parcel.type,
    bytes: String(parcel.bytes),
    sha256: parcel.sha256,
  };
  const body = multipartBody(fields, parcel, `darkroom-${crypto.randomUUID()}`);
  const headers = {
    "Content-Type": body.type,
    "User-Agent": "Darkroom-Shipping/1.0",
    "X-Delivery-Id": parcel.deliveryId,
    "Idempotency-Key": parcel.deliveryId,
    ...(await signature(env, owner, parcel)),
    ...(secrets.authorization !== undefined && { Authorization: secrets.authorization }),
  };
  const stream = body.stream(await openParcel(env.MEDIA, parcel));
  await sendParcel({ url, method: "POST", headers, body: stream, bytes: body.bytes });
}

async function signature(env: Env, owner: string, { deliveryId, sha256 }: Parcel) {
  const nowMs = Date.now();
  await ensureDefaultSecret(env.DB, owner, nowMs);
  const secrets = await activeSecrets(env.DB, { owner, endpointId: null }, nowMs);
  const timestampS = Math.floor(nowMs / 1000);
  const texts = secrets.map(({ secret }) => secret);
  return {
    "webhook-id": deliveryId,
    "webhook-timestamp": String(timestampS),
    "webhook-signature": signatureHeader(texts, deliveryId, timestampS, sha256),
  };
}
