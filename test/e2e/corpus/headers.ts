/** Patches of MP4 headers, for files that no muxer here writes (ISO/IEC 14496-12). */

/** The picture mirrored left to right by the matrix of its track header. */
export function mirrored(mp4: Buffer, width: number): Buffer {
  const copy = Buffer.from(mp4);
  const box = copy.indexOf("tkhd");
  // Version 0: 4 bytes of version and flags, 20 of times and ids, 16 of layer and volume, then the matrix.
  const matrix = box + 4 + 4 + 20 + 16;
  const values = [-65536, 0, 0, 0, 65536, 0, width * 65536, 0, 0x40000000];
  values.forEach((value, i) => {
    copy.writeInt32BE(value, matrix + i * 4);
  });
  return copy;
}

/** A box of another name: what was in it is lost to every reader. */
export function withoutBox(mp4: Buffer, name: string): Buffer {
  const copy = Buffer.from(mp4);
  for (let at = copy.indexOf(name); at >= 0; at = copy.indexOf(name, at + 4))
    copy.write("skip", at, "latin1");
  return copy;
}

/** Sides of 65,535 px in the sample description and in every picture of a motion JPEG (ITU-T T.81, B.2.2). */
export function withGiantSides(mov: Buffer): Buffer {
  const copy = Buffer.from(mov);
  const frameHeader = Buffer.of(0xff, 0xc0);
  for (let at = copy.indexOf(frameHeader); at >= 0; at = copy.indexOf(frameHeader, at + 2)) {
    copy.writeUInt32BE(0xffffffff, at + 5);
  }
  copy.writeUInt32BE(0xffffffff, copy.indexOf("jpeg", copy.indexOf("stsd")) + 28);
  return copy;
}
