import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { ClaimedTask, OutputRow } from "../jobs/claimed-task.ts";
import { readOutput } from "../jobs/store/read-jobs.ts";
import type { OpenDestination } from "../shipping/destination.ts";
import { openDestination } from "../shipping/destinations.ts";
import type { Parcel } from "../shipping/parcel.ts";
import { requireReachable } from "../shipping/send-parcel.ts";
import { shipToHttp } from "../shipping/ship-http.ts";
import { shipToBucket } from "../shipping/ship-s3.ts";
import { throughBreaker } from "./breakers.ts";
import type { TaskOutcome } from "./conclude.ts";
import type { IsolateContext } from "./image-task.ts";
import { parcelsOf } from "./parcels.ts";
import { TASK_SPECS } from "./task-spec.ts";

/** Files of a stream that are on their way at once; an isolate has six connections. */
const AT_ONCE = 4;

/**
 * Delivers one output to one destination: a file, or every file of a stream. What was delivered before a failure is
 * delivered again under the same id.
 */
export async function runShipTask(claimed: ClaimedTask, context: IsolateContext): Promise<TaskOutcome> {
  const { output: name, ...wanted } = TASK_SPECS.ship.parse(claimed.task.spec);
  const { env } = context;
  const output = await readOutput(env.DB, claimed.job.owner, claimed.job.id, name);
  // Only where a job goes on without an output that was lost.
  if (!output) return { result: null, files: [], notes: [`${name} was not made, so it was not shipped.`] };
  const destination = await openDestination(env, claimed.job.owner, wanted);
  const parcels = await parcelsOf(env.MEDIA, claimed, output);
  for (let sent = 0; sent < parcels.length; sent += AT_ONCE) {
    context.checkpoint();
    const batch = parcels.slice(sent, sent + AT_ONCE);
    await Promise.all(batch.map((parcel) => ship(env, claimed.job.owner, destination, parcel)));
    await context.report(undefined, Math.min(1, (sent + AT_ONCE) / parcels.length));
  }
  return {
    result: { destinationId: destination.id, files: parcels.length },
    files: [],
    shipped: shippedOf(output, destination),
  };
}

function shippedOf(output: OutputRow, { id }: OpenDestination): NonNullable<TaskOutcome["shipped"]> {
  return { name: output.name, type: output.type, bytes: output.bytes, destinationId: id };
}

async function ship(env: Env, owner: string, destination: OpenDestination, parcel: Parcel): Promise<void> {
  await requireReachable(env, destination.url);
  await throughBreaker(env, `ship:${owner}@${destination.url.host}`, async () => {
    if (parcel.bytes > MAX_PUT_BYTES) {
      throw new MediaError("ship_refused", `${parcel.path} is larger than one request may be.`);
    }
    if (destination.kind === "http") return await shipToHttp(env, owner, destination, parcel);
    await shipToBucket(env.MEDIA, destination, parcel);
  });
}

/** The most that S3 takes in one PUT. */
const MAX_PUT_BYTES = 5 * 1024 ** 3;
