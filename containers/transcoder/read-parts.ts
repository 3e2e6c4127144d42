import type { Readable } from "node:stream";
import { MediaError } from "../../src/errors.ts";
import {
  type InitSegment,
  readInitSegment,
  readMediaTime,
  withoutUserData,
} from "../../src/video/init-segment.ts";
import { type MediaFragment, readFragment } from "../../src/video/media-fragment.ts";
import {
  firstShownTicks,
  lastShownTicks,
  type SettledFragment,
  settleFragment,
} from "../../src/video/settle-fragment.ts";
import { readBoxStream } from "./box-stream.ts";

export interface InitPart {
  type: "init";
  bytes: Uint8Array;
  facts: InitSegment;
}

export interface FragmentPart {
  type: "fragment";
  fragment: SettledFragment;
  mdat: Buffer;
  mdatHeaderBytes: number;
  /** None follows. */
  isLast: boolean;
}

interface HeldFragment {
  raw: MediaFragment;
  mdat: Buffer;
  mdatHeaderBytes: number;
}

/**
 * Reads one track as the encoder writes it: its init segment, then its fragments on the shared timeline. Each fragment
 * waits for the next, which tells when its last frame ends.
 *
 * @param lastsUntilSeconds how long the last frame of all is shown at the least; absent: as the encoder says
 * @throws {MediaError} `invalid_result`
 */
export async function* readParts(
  pipe: Readable,
  lastsUntilSeconds?: number,
): AsyncGenerator<InitPart | FragmentPart> {
  const head: Buffer[] = [];
  let facts: InitSegment | undefined;
  let mediaTime = 0;
  let raw: MediaFragment | undefined;
  let held: HeldFragment | undefined;
  for await (const box of readBoxStream(pipe)) {
    if (box.type === "ftyp" || box.type === "moov") head.push(box.bytes);
    if (box.type === "moov") {
      const written = Buffer.concat(head);
      facts = readInitSegment(written);
      mediaTime = readMediaTime(written);
      yield { type: "init", facts, bytes: withoutUserData(written) };
    }
    if (box.type === "moof") raw = readFragment(box.bytes.subarray(box.headerBytes));
    if (box.type !== "mdat" || raw === undefined) continue;
    if (facts === undefined) {
      throw new MediaError("invalid_result", "The encoder wrote a fragment before the index.");
    }
    if (held !== undefined) yield settle(held, mediaTime, firstShownTicks(raw, mediaTime), false);
    held = { raw, mdat: box.bytes, mdatHeaderBytes: box.headerBytes };
    raw = undefined;
  }
  if (held === undefined || facts === undefined) return;
  const until = lastsUntilSeconds && Math.round(lastsUntilSeconds * facts.timescale);
  const isLater = until !== undefined && until > lastShownTicks(held.raw, mediaTime);
  yield settle(held, mediaTime, isLater ? until : undefined, true);
}

function settle(
  { raw, ...rest }: HeldFragment,
  mediaTime: number,
  endTicks: number | undefined,
  isLast: boolean,
): FragmentPart {
  return { type: "fragment", fragment: settleFragment(raw, mediaTime, endTicks), ...rest, isLast };
}
