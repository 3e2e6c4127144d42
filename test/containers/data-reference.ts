/** An MP4 whose samples are said to lie in another file, as QuickTime's aliases say it (ISO/IEC 14496-12, 8.7.2). */

/** The boxes around the data references of a track. */
const PATH = ["moov", "trak", "mdia", "minf", "dinf", "dref"];

/**
 * @param mp4 with its index behind the samples, so that offsets stay right when the index grows
 * @param path of the file that is to be read
 */
export function withDataReference(mp4: Buffer, path: string): Buffer {
  const boxes = PATH.map((_, depth) => boxAt(mp4, PATH.slice(0, depth + 1)));
  const dref = boxes.at(-1) ?? 0;
  // Header, version and flags, count; then the one entry that says "in this file".
  const entry = dref + 16;
  const entryBytes = mp4.readUInt32BE(entry);
  const alias = aliasOf(path);
  const made = Buffer.concat([mp4.subarray(0, entry), alias, mp4.subarray(entry + entryBytes)]);
  for (const box of boxes) made.writeUInt32BE(mp4.readUInt32BE(box) + alias.length - entryBytes, box);
  return made;
}

function boxAt(mp4: Buffer, path: readonly string[]): number {
  let at = 0;
  for (const [depth, name] of path.entries()) {
    if (depth > 0) at += 8;
    while (mp4.toString("latin1", at + 4, at + 8) !== name) at += mp4.readUInt32BE(at);
  }
  return at;
}

/** An alias record with an absolute path (type 2 of its tags) and a name. */
function aliasOf(path: string): Buffer {
  const fixed = Buffer.alloc(150);
  fixed.writeUInt16BE(path.length, 0);
  const tag = Buffer.alloc(4 + path.length + (path.length % 2));
  tag.writeInt16BE(2, 0);
  tag.writeUInt16BE(path.length, 2);
  tag.write(path, 4, "latin1");
  const end = Buffer.from([0xff, 0xff, 0, 0]);
  const body = Buffer.concat([Buffer.from([0, 0, 0, 0]), fixed, tag, end]);
  const header = Buffer.alloc(8);
  header.writeUInt32BE(body.length + 8, 0);
  header.write("alis", 4, "latin1");
  return Buffer.concat([header, body]);
}
