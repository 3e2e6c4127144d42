import { z } from "zod";
import type { Env } from "../config.ts";
import { MediaError } from "../errors.ts";
import type { ClaimedTask, OutputRow } from "../jobs/claimed-task.ts";
import { noteResult } from "../jobs/store/note-result.ts";
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

/** Files between two notes of how far it is. */
const NOTE_EVERY = 20;

/**
 * How far a delivery has come, and of what to where: made or registered anew, all of it is sent again. The files of a
 * stream go in a fixed order.
 */
const shipped = z.object({ destinationId: z.string(), outputId: z.string(), files: z.int() });
type Shipped = z.infer<typeof shipped>;

/**
 * Delivers one output to one destination: a file, or every file of a stream. A later attempt goes on from where the one
 * before it failed; the few files that were on their way then are delivered again under the same id.
 */
export async function runShipTask(claimed: ClaimedTask, context: IsolateContext): Promise<TaskOutcome> {
  const { output: name, ...wanted } = TASK_SPECS.ship.parse(claimed.task.spec);
  const { env } = context;
  const output = await readOutput(env.DB, claimed.job.owner, claimed.job.id, name);
  // Only where a job goes on without an output that was lost.
  if (!output) return { result: null, files: [], notes: [`${name} was not made, so it was not shipped.`] };
  const destination = await openDestination(env, claimed.job.owner, wanted);
  const of = { destinationId: destination.id, outputId: output.id };
  const before = sentBefore(claimed.task.result, of);
  const { parcels, total } = await parcelsOf(env.MEDIA, claimed, output, before);
  const note = (files: number) => noteResult(env.DB, claimed.lease, { ...of, files } satisfies Shipped);
  let sent = before;
  try {
    while (sent < total) {
      context.checkpoint();
      const batch = parcels.slice(sent - before, sent - before + AT_ONCE);
      await Promise.all(batch.map((parcel) => ship(env, claimed.job.owner, destination, parcel)));
      sent += batch.length;
      if (sent % NOTE_EVERY === 0) await note(sent);
      await context.report(undefined, sent / total);
    }
  } catch (error) {
    if (sent > before) await note(sent);
    throw error;
  }
  return {
    result: { ...of, files: total } satisfies Shipped,
    files: [],
    shipped: shippedOf(output, destination),
  };
}

/** Files that an earlier attempt has delivered of the same output to the same place. */
function sentBefore(noted: unknown, of: Omit<Shipped, "files">): number {
  const { data } = shipped.safeParse(noted);
  return data?.destinationId === of.destinationId && data.outputId === of.outputId ? data.files : 0;
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
