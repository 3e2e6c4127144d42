import { openWindow } from "./bits";
import {
  Component,
  clearFrame,
  componentAt,
  componentCount,
  isProgressive,
  MAX_COMPONENTS,
  readFrame,
} from "./frame";
import { clearTables, defineTable, FIRST_AC_TABLE } from "./huffman";
import { nextMarker, nextSegmentEnd, segmentLength } from "./markers";
import { allocateComponents, planComponents } from "./planes";
import { transformComponent } from "./progressive";
import {
  decodeScan,
  isScanSkippable,
  markScanned,
  prepareScan,
  readScanHeader,
  setRestartInterval,
} from "./scan";
import {
  BAD_FRAME,
  BAD_MARKER,
  BAD_SCAN,
  BAD_TABLE,
  clearStatus,
  currentStatus,
  fail,
  hasFailed,
  INCOMPLETE,
  OK,
  OUT_OF_MEMORY,
  TOO_MANY_SCANS,
  TRUNCATED,
  UNSUPPORTED,
} from "./status";

/**
 * A JPEG decoder that makes the picture as small as it is wanted, while it decodes.
 *
 * **Scaled decoding.** A JPEG stores blocks of 8 × 8 samples as 64 amplitudes of cosine waves, slow waves first. A
 * picture at a quarter of the size has no room for fast waves: 2 × 2 samples a block, made of the 4 slowest of the
 * waves, are that picture, and a better one than picking or averaging finished pixels. So at N/8 only N × N amplitudes
 * are dequantised and summed up (`idct.ts`), planes are N²/64 of their size, and no pixel is made to be thrown away.
 * What cannot be saved is reading past the other amplitudes: they are Huffman codes of varying length, one behind the
 * other. Reading past is cheap, though. Nothing is kept of them but where they end, so a table says for the next 12
 * bits how many whole codes begin in them and how far they lead (`huffman.ts`), several codes in one look and three
 * looks in a row. Where an amplitude is wanted, a table of the same kind has its code and its value in one.
 *
 * **Bits.** Codes are read from the most significant bit of each byte on, and an 0xFF in the data is followed by a
 * stuffed zero, so that decoders can tell it from a marker. Both are awkward one byte at a time. Here a window of the
 * file is first rid of stuffed zeros, sixteen bytes at a step, and written backwards (`bits.ts`): a plain unaligned
 * 64-bit load then has the next bits on top, in order, and no load has to look for 0xFF.
 *
 * **Progressive files** tell the slow waves of all blocks first, and the upper bits of amplitudes before the lower, in
 * several passes over the picture. Other decoders keep all 64 amplitudes of every block until the last pass, 3 bytes
 * and more for each px. But a picture at N/8 still depends on N × N of them only. The rest matters in one way: a pass
 * that refines spends one bit on each amplitude that is not zero so far, so one must know which are, to know where the
 * next code begins. That is one bit each, a 64-bit word for a block (`progressive.ts`). At 1/8 not even that is
 * needed: passes over anything but the mean of a block are stepped over unread.
 *
 * **Colour** is usually stored at half the width and height. Each component chooses its own N, so colour planes can
 * come out at the size of the luma plane, or at what is left of it at full size. Most files that are made of them halve
 * colour again, and then half of that is demanded; the resizer takes planes of any size.
 *
 * **Damage.** The input is anyone's. Lengths are checked before what they frame is touched, codes that no table knows
 * and blocks with more than 64 coefficients end the decode, and zeros follow the data, so that running out of it is
 * found after each MCU and not at every bit. No picture is answered with a part missing: it is all there, or a status
 * says what broke: a file without its end marker is not whole either. What cameras and editors get wrong without losing
 * any of the picture is taken as libjpeg takes it: bytes between segments and behind the data of a scan, restart markers
 * with other numbers, tables that are left out or make no sense and are not used. Work is bounded by the size of the file
 * and of the picture: scans are counted, tables are built only for scans, and sequential files may tell each component
 * once.
 */

const SOI: i32 = 0xd8;
const EOI: i32 = 0xd9;
const SOF_BASELINE: i32 = 0xc0;
/** 0xC1, extended sequential, differs in nothing that matters at 8 bits. */
const SOF_PROGRESSIVE: i32 = 0xc2;
const SOF_LAST: i32 = 0xcf;
const DHT: i32 = 0xc4;
const JPG: i32 = 0xc8;
const DAC: i32 = 0xcc;
const SOS: i32 = 0xda;
const DQT: i32 = 0xdb;
const DRI: i32 = 0xdd;

/** Files of ordinary scan scripts have about ten; a hostile one could ask for a walk over all blocks every few bytes. */
const MAX_SCANS: i32 = 100;

/** Four quantisation tables as the file last defined them: u16 in zigzag order. */
const QUANTS: usize = memory.data(4 * 128, 8);
/** Bit n: table n has been defined. */
let definedQuants: i32 = 0;
/** All of the picture has been told; what follows is read for its end marker alone. */
let isTold: bool = false;

/**
 * Decodes what `setDemand` was told of a JPEG to planes.
 *
 * @returns a status of `status.ts`
 */
export function decodeJpeg(file: usize, bytes: i32): i32 {
  clearStatus();
  clearFrame();
  clearTables();
  setRestartInterval(0);
  definedQuants = 0;
  isTold = false;
  if (!openWindow()) return OUT_OF_MEMORY;
  const status = readFile(file, file + bytes);
  return status === OK ? finishPicture() : status;
}

function readFile(file: usize, end: usize): i32 {
  if (end - file < 4 || load<u8>(file) !== 0xff || load<u8>(file, 1) !== SOI) return BAD_MARKER;
  let scans = 0;
  let at = nextMarker(file + 2, end);
  while (at !== 0) {
    const marker = load<u8>(at, 1) as i32;
    if (marker === EOI) return OK;
    const length = segmentLength(at + 2, end);
    if (length < 0) return TRUNCATED;
    const payload = at + 4;
    let next = payload + length;
    if (marker === SOS && isTold) next = nextSegmentEnd(next, end);
    else if (marker === SOS && ++scans > MAX_SCANS) return TOO_MANY_SCANS;
    else if (marker === SOS) next = readScan(payload, length, next, end);
    else if (!isTold) fail(readSegment(marker, payload, length));
    if (hasFailed()) return currentStatus();
    at = nextMarker(next, end);
  }
  return TRUNCATED;
}

function readSegment(marker: i32, payload: usize, length: i32): i32 {
  if (marker === DHT) return readHuffmanTables(payload, length);
  if (marker === DQT) return readQuantTables(payload, length);
  if (marker === DRI) return readRestartInterval(payload, length);
  const isFrame = marker >= SOF_BASELINE && marker <= SOF_LAST && marker !== JPG && marker !== DAC;
  return isFrame ? startFrame(marker, payload, length) : OK;
}

function startFrame(marker: i32, payload: usize, length: i32): i32 {
  if (componentCount > 0 || length < 6) return BAD_FRAME;
  if (marker > SOF_PROGRESSIVE || load<u8>(payload) !== 8) return UNSUPPORTED;
  if (load<u8>(payload, 5) !== 1 && load<u8>(payload, 5) !== MAX_COMPONENTS) return UNSUPPORTED;
  if (!readFrame(payload, length, marker === SOF_PROGRESSIVE)) return BAD_FRAME;
  planComponents();
  return allocateComponents() ? OK : OUT_OF_MEMORY;
}

/** T.81 §B.2.4.2: any number of tables in one segment. */
function readHuffmanTables(payload: usize, length: i32): i32 {
  let at = 0;
  while (at < length) {
    const kind = load<u8>(payload + at) >> 4;
    const slot = load<u8>(payload + at) & 15;
    if (kind > 1 || slot > 3) return BAD_TABLE;
    const table = (kind === 1 ? FIRST_AC_TABLE : 0) + slot;
    const used = defineTable(table, payload + at + 1, length - at - 1);
    if (used === 0) return BAD_TABLE;
    at += 1 + used;
  }
  return OK;
}

/** T.81 §B.2.4.1: steps of one or two bytes. */
function readQuantTables(payload: usize, length: i32): i32 {
  let at = 0;
  while (at < length) {
    const isWide = load<u8>(payload + at) >> 4;
    const slot = load<u8>(payload + at) & 15;
    const size = isWide === 1 ? 128 : 64;
    if (isWide > 1 || slot > 3 || at + 1 + size > length) return BAD_TABLE;
    const steps = payload + at + 1;
    for (let index: usize = 0; index < 64; index++) {
      const step = isWide === 1 ? bswap(load<u16>(steps + index * 2)) : (load<u8>(steps + index) as u16);
      store<u16>(QUANTS + <usize>slot * 128 + index * 2, step);
    }
    definedQuants |= 1 << slot;
    at += 1 + size;
  }
  return OK;
}

function readRestartInterval(payload: usize, length: i32): i32 {
  if (length !== 2) return BAD_MARKER;
  setRestartInterval(bswap(load<u16>(payload)));
  return OK;
}

/** A component keeps the table as it is when its first scan begins (T.81 §B.2.4.1 lets it change between scans). */
function copyQuant(component: Component): bool {
  if ((definedQuants & (1 << component.quantSelector)) === 0) return false;
  memory.copy(component.quant, QUANTS + <usize>component.quantSelector * 128, 128);
  component.isQuantised = true;
  return true;
}

/** @returns where the next marker is looked for */
function readScan(payload: usize, length: i32, data: usize, end: usize): usize {
  if (!readScanHeader(payload, length)) {
    fail(BAD_SCAN);
    return data;
  }
  if (isScanSkippable()) return nextSegmentEnd(data, end);
  if (!prepareScan(copyQuant)) {
    fail(BAD_TABLE);
    return data;
  }
  const stopped = decodeScan(data, end);
  markScanned();
  if (!isProgressive && isWhole()) isTold = true;
  return nextSegmentEnd(stopped, end);
}

function isWhole(): bool {
  for (let index = 0; index < componentCount; index++) {
    if (!componentAt(index).isScanned) return false;
  }
  return componentCount > 0;
}

function finishPicture(): i32 {
  if (!isWhole()) return INCOMPLETE;
  for (let index = 0; index < componentCount && isProgressive; index++)
    transformComponent(componentAt(index));
  return OK;
}
