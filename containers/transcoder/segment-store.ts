import type { Cipher } from "node:crypto";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Readable } from "node:stream";
import type { Segment } from "../../src/video/protocol.ts";
import type { TaskContext } from "./task-context.ts";

/** Segments of one track that may wait for storage; the encoder is held back beyond that. */
const MAX_WAITING = 2;

/** A file that grows on disk until it is complete, then goes to storage. */
interface OpenFile {
  path: string;
  local: string;
  handle: FileHandle;
  /** What goes to storage, bytes. */
  bytes: number;
  cipher: Cipher | undefined;
}

/** Writes the files of one track and stores each as soon as it is complete. Local copies last only until then. */
export interface SegmentStore {
  /** Adds to the open file; the first piece opens it, to be written through the cipher if there is one. */
  append: (path: string, pieces: readonly Uint8Array[], cipher?: Cipher) => Promise<void>;
  /** Completes the open file and starts to store it; gives its path and size. */
  close: () => Promise<Pick<Segment, "path" | "bytes"> | undefined>;
  /** Resolves when everything is stored. */
  settle: () => Promise<void>;
  /** Gives up the open file. */
  abandon: () => Promise<void>;
}

/**
 * @param pipe where the track comes from; destroyed with the error when storing fails, which ends its reader
 * @param type media type of the files
 */
export function createSegmentStore(
  context: TaskContext,
  pipe: Readable,
  id: string,
  type: string,
): SegmentStore {
  let current: OpenFile | undefined;
  let waiting: Promise<void>[] = [];
  let written = 0;

  async function store(file: OpenFile): Promise<void> {
    await context.store(file.local, file.path, type);
    await rm(file.local, { force: true });
  }

  async function append(path: string, pieces: readonly Uint8Array[], cipher?: Cipher): Promise<void> {
    current ??= await openFile(context.folder, path, cipher);
    for (const piece of pieces) await write(current, current.cipher?.update(piece) ?? piece);
  }

  async function write(file: OpenFile, piece: Uint8Array): Promise<void> {
    written += piece.length;
    context.countBytes(id, written);
    await file.handle.appendFile(piece);
    file.bytes += piece.length;
  }

  async function close() {
    if (current === undefined) return undefined;
    const file = current;
    current = undefined;
    if (file.cipher !== undefined) await write(file, file.cipher.final());
    await file.handle.close();
    if (waiting.length >= MAX_WAITING) await waiting.shift();
    const storing = store(file);
    storing.catch((error) => pipe.destroy(error));
    waiting = [...waiting, storing];
    return { path: file.path, bytes: file.bytes };
  }

  return {
    append,
    close,
    settle: async () => void (await Promise.all(waiting)),
    abandon: async () => current?.handle.close(),
  };
}

async function openFile(folder: string, path: string, cipher: Cipher | undefined): Promise<OpenFile> {
  const local = join(folder, path.replaceAll("/", "-"));
  return { path, local, handle: await open(local, "w"), bytes: 0, cipher };
}
