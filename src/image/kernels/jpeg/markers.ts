/** Finding one's way between markers (T.81 §B.1.1). */

const RST0: i32 = 0xd0;
const RST7: i32 = 0xd7;
const SOI: i32 = 0xd8;
const TEM: i32 = 0x01;

/** Markers that have no segment and mean nothing between segments. */
function isIgnorable(code: i32): bool {
  return code === TEM || (code >= RST0 && code <= SOI);
}

export function isRestart(code: i32): bool {
  return code >= RST0 && code <= RST7;
}

/**
 * The next marker that begins a segment or ends the file, at or after `at`. Fill bytes, and anything that is no marker
 * at all, are stepped over.
 *
 * @returns its address, or 0 when there is none
 */
export function nextMarker(at: usize, end: usize): usize {
  for (let from = at; from + 1 < end; from++) {
    if (load<u8>(from) !== 0xff) continue;
    const code = load<u8>(from, 1) as i32;
    if (code !== 0 && code !== 0xff && !isIgnorable(code)) return from;
  }
  return 0;
}

/**
 * Bytes of a segment behind its length; −1 when the file ends before it does. A length that does not even count itself is
 * that of a segment with nothing in it, as libjpeg has it: application segments of such lengths are met.
 */
export function segmentLength(at: usize, end: usize): i32 {
  if (end - at < 2) return -1;
  const length = max((((load<u8>(at) as i32) << 8) | load<u8>(at, 1)) - 2, 0);
  return <usize>length > end - at - 2 ? -1 : length;
}

/** Steps over entropy-coded data: to the marker behind it that is no restart marker, or the end of the file. */
export function nextSegmentEnd(at: usize, end: usize): usize {
  let from = nextMarkerInData(at, end);
  while (from < end && isRestart(load<u8>(from, 1))) from = nextMarkerInData(from + 2, end);
  return from;
}

/** The next marker of any kind, sixteen bytes at a time; the end of the file when there is none. */
export function nextMarkerInData(at: usize, end: usize): usize {
  let from = at;
  while (from + 1 < end) {
    if (from + 16 < end) {
      const marks = i8x16.bitmask(i8x16.eq(v128.load(from), i8x16.splat(-1)));
      if (marks === 0) {
        from += 16;
        continue;
      }
      from += ctz(marks) as usize;
    }
    const code = load<u8>(from, 1) as i32;
    if (load<u8>(from) === 0xff && code !== 0 && code !== 0xff) return from;
    from++;
  }
  return end;
}
