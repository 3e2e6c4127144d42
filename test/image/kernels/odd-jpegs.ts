import { ascii, concat, segment } from "../../fixtures/images.ts";
import { writeJpeg } from "./jpeg-writer.ts";
import { photoSample, SAMPLINGS, scriptsOf } from "./pictures.ts";

type Bytes = Uint8Array | readonly number[];

export const ODD_SIZE = { width: 83, height: 61 };
const OPTIONS = { ...ODD_SIZE, sample: photoSample(ODD_SIZE), sampling: SAMPLINGS["4:2:0"] };

const PLAIN = writeJpeg(OPTIONS);
const PROGRESSIVE = writeJpeg({ ...OPTIONS, script: scriptsOf(3).both });
const RESTARTING = writeJpeg({ ...OPTIONS, restartInterval: 2 });

const SOF = 0xc0;
const DHT = 0xc4;
const EOI = 0xd9;
const SOS = 0xda;
const DQT = 0xdb;

const JFIF = segment(0xe0, concat(ascii("JFIF\0"), [1, 1, 0, 0, 1, 0, 1, 0, 0]));
const [, , ...ZEROS] = new Uint8Array(20_002);

/** What cameras and editors get wrong without losing any of the picture, by what it is. */
export const ODD_JPEGS = {
  "one byte left over": before(PLAIN, EOI, noise(1)),
  "bytes left over": before(PLAIN, EOI, noise(64)),
  "many bytes left over": before(PLAIN, EOI, noise(100_000)),
  "bytes left over, with stuffed ones": before(PLAIN, EOI, [...noise(14), 0xff, 0, ...noise(9), 0xff, 0]),
  "zeros left over": before(PLAIN, EOI, ZEROS),
  "bytes left over behind a progressive file": before(PROGRESSIVE, EOI, noise(64)),
  "bytes left over between scans": before(PROGRESSIVE, DHT, noise(64), 7),
  "bytes left over before a restart": before(RESTARTING, 0xd3, noise(40)),
  "a stuffed byte left over before a restart": before(RESTARTING, 0xd3, [1, 0xff, 0, 2, 0xff, 0, 0xff]),
  "a restart marker too many": before(RESTARTING, EOI, [0xff, 0xd5]),
  "a restart marker behind a file without any": before(PLAIN, EOI, [0xff, 0xd0]),
  "a restart that is there twice": before(RESTARTING, 0xd3, [0xff, 0xd2, 1, 2, 3]),
  "restart markers that count from 3": renumbered(RESTARTING, (place) => place + 3),
  "restart markers that count from 4": renumbered(RESTARTING, (place) => place + 4),
  "restart markers that count from 5": renumbered(RESTARTING, (place) => place + 5),
  "a segment shorter than it says": inFront(concat([0xff, 0xe5, 0, 20], segment(0xfe, noise(14)))),
  "a segment longer than it says": inFront(concat(segment(0xe5, noise(7)), noise(33))),
  "segments of length 0 and 1": inFront([0xff, 0xe1, 0, 1, 0xff, 0xe0, 0, 0, 0xff, 0xfe, 0, 1]),
  "stray bytes before the tables": before(PLAIN, DHT, noise(40)),
  "stray bytes before the scan": before(PLAIN, SOS, [3, 0xff, 0, 3, 0xff, 0]),
  "stray markers between segments": before(PLAIN, SOS, [0xff, 0x01, 0xff, 0xd3]),
  "fill bytes before markers": before(before(PLAIN, SOS, Array(30).fill(255)), EOI, Array(300).fill(255)),
  "another end marker": concat(PLAIN, [0xff, EOI, 0xff, EOI]),
  "trailing bytes": concat(PLAIN, noise(9_999)),
  "another picture behind it": concat(PLAIN, writeJpeg({ ...OPTIONS, width: 20, height: 10 })),
  "a film behind it": concat(PLAIN, [0, 0, 0, 24], ascii("ftypmp42"), noise(5_000)),
  "segments behind its scan": before(PLAIN, EOI, segment(0xe5, noise(30))),
  "its height told again": before(PLAIN, EOI, segment(0xdc, [0, ODD_SIZE.height])),
  "tables that are there twice": inFront(concat(segmentsFrom(PLAIN, DQT), segmentsFrom(PLAIN, DHT))),
  "steps of 16 bits": before(PLAIN, SOF, wideSteps()),
  "a senseless table that nothing uses": before(
    PLAIN,
    SOS,
    segment(DHT, [0x13, 3, ...ZEROS.slice(0, 15), 1, 2, 3]),
  ),
  "a band in a baseline scan": withByte(PLAIN, markerAt(PLAIN, SOS) + 12, 0),
  "components of one id": withIds(1, 1, 1),
  "components that count from 0": withIds(0, 1, 2),
  "components called RGB": withIds(82, 71, 66),
  "components called RGB in JFIF": inFront(JFIF, withIds(82, 71, 66)),
  "Adobe without a transform": inFront(adobe(0)),
  "Adobe without a transform, and JFIF": inFront(concat(JFIF, adobe(0))),
  "JFIF behind Adobe": inFront(concat(adobe(0), JFIF)),
  "Adobe with the transform of CMYK": inFront(adobe(2)),
  "Adobe with a transform that does not exist": inFront(adobe(7)),
  "Adobe twice": inFront(concat(adobe(0), adobe(1))),
  "Adobe cut short": inFront(segment(0xee, ascii("Adobe"))),
} satisfies Record<string, Uint8Array>;

/** Files that libjpeg makes a picture of with a part in grey, or of another place: to us they are damaged. */
export const PARTIAL_JPEGS = {
  "an interval missing": without(RESTARTING, markerAt(RESTARTING, 0xd2), markerAt(RESTARTING, 0xd3)),
  "restart markers that do not count": renumbered(RESTARTING, () => 0),
  "restart markers that count from 1": renumbered(RESTARTING, (place) => place + 1),
  "its data cut short": concat(PLAIN.subarray(0, -60), [0xff, EOI]),
  "zeros in the place of its data": concat(PLAIN.subarray(0, -300), ZEROS, [0xff, EOI]),
} satisfies Record<string, Uint8Array>;

/** What an Adobe segment says of colour: 0 none, 1 YCbCr, 2 YCCK. */
function adobe(transform: number): Uint8Array {
  return segment(0xee, concat(ascii("Adobe"), [0, 100, 0, 0, 0, 0, transform]));
}

/** Nothing that can be taken for a marker. */
function noise(bytes: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: bytes }, (_, at) => (at * 89 + 7) % 251);
}

/** Where the n-th marker of a kind begins. */
function markerAt(jpeg: Uint8Array, marker: number, nth = 0): number {
  let at = -1;
  for (let count = 0; count <= nth; count++) {
    at = jpeg.findIndex((byte, index) => index > at && byte === 0xff && jpeg[index + 1] === marker);
  }
  return at;
}

function before(jpeg: Uint8Array, marker: number, between: Bytes, nth = 0): Uint8Array<ArrayBuffer> {
  const at = markerAt(jpeg, marker, nth);
  return concat(jpeg.subarray(0, at), between, jpeg.subarray(at));
}

function inFront(segments: Bytes, jpeg: Uint8Array = PLAIN): Uint8Array<ArrayBuffer> {
  return concat(jpeg.subarray(0, 2), segments, jpeg.subarray(2));
}

function without(jpeg: Uint8Array, from: number, to: number): Uint8Array<ArrayBuffer> {
  return concat(jpeg.subarray(0, from), jpeg.subarray(to));
}

function withByte(jpeg: Uint8Array, at: number, byte: number): Uint8Array<ArrayBuffer> {
  return concat(jpeg.subarray(0, at), [byte], jpeg.subarray(at + 1));
}

/** The first segment of a kind. */
function segmentsFrom(jpeg: Uint8Array, marker: number): Uint8Array {
  const at = markerAt(jpeg, marker);
  return jpeg.subarray(at, at + 2 + ((jpeg[at + 2] ?? 0) << 8) + (jpeg[at + 3] ?? 0));
}

/** The quantisation table again, with two bytes for each step. */
function wideSteps(): Uint8Array {
  const [, , , , , ...steps] = segmentsFrom(PLAIN, DQT);
  return segment(DQT, [0x10, ...steps.flatMap((step) => [0, step])]);
}

function withIds(...ids: number[]): Uint8Array<ArrayBuffer> {
  return ids.reduce((jpeg, id, index) => {
    const named = withByte(jpeg, markerAt(jpeg, SOF) + 10 + index * 3, id);
    return withByte(named, markerAt(named, SOS) + 5 + index * 2, id);
  }, PLAIN);
}

/** With other numbers for its restart markers, told for each by its place; they are taken modulo 8. */
function renumbered(jpeg: Uint8Array, numberOf: (place: number) => number): Uint8Array<ArrayBuffer> {
  const result = jpeg.slice();
  let place = 0;
  for (let at = markerAt(jpeg, SOS); at < jpeg.length - 1; at++) {
    const code = jpeg[at + 1] ?? 0;
    if (jpeg[at] === 0xff && code >= 0xd0 && code <= 0xd7) result[at + 1] = 0xd0 | (numberOf(place++) & 7);
  }
  return result;
}
