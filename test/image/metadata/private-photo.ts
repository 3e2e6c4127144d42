import { deflateSync } from "node:zlib";
import { ascii, chunk, concat, segment, withSegments } from "../../fixtures/images.ts";

type Value = string | readonly number[] | Uint8Array;
type Entry = [tag: number, type: number, value: Value];

const ASCII = 2;
const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;
const UNDEFINED = 7;

/** What must be found in no output that does not keep it. The numbers are rationals that stand for nothing else. */
export const SECRETS = {
  latitude: [52, 1, 22, 1, 1_234_567, 89_101],
  longitude: [4, 1, 53, 1, 7_654_321, 98_765],
  gpsDate: "2031:07:19",
  taken: "2031:07:18 21:43:65",
  artist: "Annabel Ownerson",
  owner: "Property of Ownerson",
  serial: "SERIAL-55667788",
  makerNote: "MAKERNOTE-SECRET",
  thumbnail: "THUMBNAIL-SECRET",
  xmpLatitude: "52,22.2057N",
  city: "Gpsterdam-Noord",
} as const;

/** What `preserve_technical` keeps. */
export const TECHNICAL = {
  make: "Darkcam",
  model: "Model One",
  software: "Darkware 3",
  copyright: "(c) Darkroom",
};

/** A complete EXIF block as a camera writes it: turned, with place, times, names, numbers and a thumbnail. */
export function privateExif(littleEndian: boolean, orientation = 6): Uint8Array<ArrayBuffer> {
  const exif: Entry[] = [
    [0x829a, RATIONAL, [1, 125]],
    [0x829d, RATIONAL, [28, 10]],
    [0x8827, SHORT, [800]],
    [0x9003, ASCII, SECRETS.taken],
    [0x927c, UNDEFINED, ascii(SECRETS.makerNote)],
    [0xa001, SHORT, [0xffff]],
    [0xa002, LONG, [4000]],
    [0xa003, LONG, [3000]],
    [0xa430, ASCII, SECRETS.owner],
    [0xa431, ASCII, SECRETS.serial],
  ];
  const gps: Entry[] = [
    [0x0001, ASCII, "N"],
    [0x0002, RATIONAL, SECRETS.latitude],
    [0x0003, ASCII, "E"],
    [0x0004, RATIONAL, SECRETS.longitude],
    [0x001d, ASCII, SECRETS.gpsDate],
  ];
  const main: Entry[] = [
    [0x010f, ASCII, TECHNICAL.make],
    [0x0110, ASCII, TECHNICAL.model],
    [0x0112, SHORT, [orientation]],
    [0x0131, ASCII, TECHNICAL.software],
    [0x0132, ASCII, SECRETS.taken],
    [0x013b, ASCII, SECRETS.artist],
    [0x8298, ASCII, TECHNICAL.copyright],
    [0x8769, LONG, [0]],
    [0x8825, LONG, [0]],
  ];
  const picture = concat([0xff, 0xd8, 0xff, 0xfe, 0, 18], ascii(SECRETS.thumbnail), [0xff, 0xd9]);
  const thumbnail: Entry[] = [
    [0x0201, LONG, [0]],
    [0x0202, LONG, [picture.length]],
  ];
  return assembled({ main, exif, gps, thumbnail }, picture, littleEndian);
}

function assembled(
  { main, exif, gps, thumbnail }: Record<"main" | "exif" | "gps" | "thumbnail", Entry[]>,
  picture: Uint8Array,
  littleEndian: boolean,
): Uint8Array<ArrayBuffer> {
  const order = (bytes: number[]) => (littleEndian ? bytes.toReversed() : bytes);
  const u16 = (value: number) => order([value >> 8, value & 255]);
  const u32 = (value: number) => order([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
  const encoded = (type: number, value: Value): [count: number, bytes: number[]] => {
    if (typeof value === "string") return [value.length + 1, [...ascii(value), 0]];
    if (type === UNDEFINED) return [value.length, [...value]];
    const numbers = [...value];
    return [
      type === RATIONAL ? numbers.length / 2 : numbers.length,
      numbers.flatMap(type === SHORT ? u16 : u32),
    ];
  };
  const sizeOf = (entries: Entry[]) =>
    entries.reduce((sum, [, type, value]) => {
      const bytes = encoded(type, value)[1].length;
      return sum + 12 + (bytes > 4 ? bytes : 0);
    }, 6);
  const at = { main: 8, exif: 0, gps: 0, thumbnail: 0, picture: 0 };
  at.exif = at.main + sizeOf(main);
  at.gps = at.exif + sizeOf(exif);
  at.thumbnail = at.gps + sizeOf(gps);
  at.picture = at.thumbnail + sizeOf(thumbnail);
  const pointers: Record<number, number> = { 34665: at.exif, 34853: at.gps, 513: at.picture };
  const directory = (entries: Entry[], start: number, next: number): number[] => {
    const bytes = [...u16(entries.length)];
    const values: number[] = [];
    for (const [tag, type, value] of entries) {
      const [count, data] = encoded(type, pointers[tag] === undefined ? value : [pointers[tag]]);
      const there = start + 2 + entries.length * 12 + 4 + values.length;
      bytes.push(...u16(tag), ...u16(type), ...u32(count));
      bytes.push(...(data.length > 4 ? u32(there) : [...data, 0, 0, 0, 0].slice(0, 4)));
      if (data.length > 4) values.push(...data);
    }
    return [...bytes, ...u32(next), ...values];
  };
  return concat(
    ascii(littleEndian ? "II*\0" : "MM\0*"),
    u32(at.main),
    directory(main, at.main, at.thumbnail),
    directory(exif, at.exif, 0),
    directory(gps, at.gps, 0),
    directory(thumbnail, at.thumbnail, 0),
    picture,
  );
}

/** An XMP packet that tells the place, and how the picture lies. */
export function privateXmp(): Uint8Array<ArrayBuffer> {
  return ascii(
    `<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description xmlns:exif="http://ns.adobe.com/exif/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" xmlns:xmp="http://ns.adobe.com/xap/1.0/" exif:GPSLatitude="${SECRETS.xmpLatitude}" tiff:Orientation="6" exif:PixelXDimension="4000"><xmp:Thumbnails><rdf:Alt>${SECRETS.thumbnail}</rdf:Alt></xmp:Thumbnails></rdf:Description></rdf:RDF></x:xmpmeta>`,
  );
}

/** IPTC records with a city, in the resource of a Photoshop segment. */
function privateIptc(): Uint8Array<ArrayBuffer> {
  const record = concat([0x1c, 2, 90, 0, SECRETS.city.length], ascii(SECRETS.city));
  const padding = record.length % 2 === 1 ? [0] : [];
  return concat(ascii("8BIM"), [4, 4, 0, 0, 0, 0, 0, record.length], record, padding);
}

/** A JPEG with all of it: EXIF, XMP and IPTC, and the place in a comment. */
export function privateJpeg(jpeg: Uint8Array, littleEndian = false): Uint8Array<ArrayBuffer> {
  return withSegments(
    jpeg,
    segment(0xe1, concat(ascii("Exif\0\0"), privateExif(littleEndian))),
    segment(0xe1, concat(ascii("http://ns.adobe.com/xap/1.0/\0"), privateXmp())),
    segment(0xed, concat(ascii("Photoshop 3.0\0"), privateIptc())),
    segment(0xfe, ascii(SECRETS.city)),
  );
}

/** A PNG with all of it, in the clear and compressed. */
export function privatePng(png: Uint8Array): Uint8Array<ArrayBuffer> {
  const behindHeader = 8 + 25;
  return concat(
    png.subarray(0, behindHeader),
    chunk("eXIf", privateExif(true)),
    chunk("iTXt", concat(ascii("XML:com.adobe.xmp\0\x01\0\0\0"), deflateSync(privateXmp()))),
    chunk("zTXt", concat(ascii("Raw profile type iptc\0\0"), deflateSync(ascii(SECRETS.city)))),
    chunk("tEXt", ascii(`Comment\0${SECRETS.xmpLatitude}`)),
    png.subarray(behindHeader),
  );
}
