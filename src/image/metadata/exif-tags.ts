import type { ExifDirectory } from "./exif-block.ts";
import type { MetadataField } from "./modes.ts";

/** The EXIF tags of each field, by the directory that they stand in (EXIF 2.32 §4.6, TIFF 6.0 §8). */
export const EXIF_TAGS: Record<MetadataField, Partial<Record<ExifDirectory, readonly number[] | "all">>> = {
  copyright: { main: [0x8298] },
  artist: { main: [0x013b] },
  description: { main: [0x010e], exif: [0x9286] },
  software: { main: [0x0131] },
  make: { main: [0x010f] },
  model: { main: [0x0110] },
  /** Specification, make and model. */
  lens: { exif: [0xa432, 0xa433, 0xa434] },
  /** Time, f-number, program, shutter, aperture, brightness, bias, largest aperture, metering, light, mode. */
  exposure: {
    exif: [
      0x829a, 0x829d, 0x8822, 0x9201, 0x9202, 0x9203, 0x9204, 0x9205, 0x9207, 0x9208, 0xa402, 0xa406, 0xa407,
    ],
  },
  iso: { exif: [0x8827, 0x8830, 0x8831, 0x8832, 0x8833] },
  flash: { exif: [0x9209] },
  /** In mm, and as on 35 mm film. */
  focal_length: { exif: [0x920a, 0xa405] },
  white_balance: { exif: [0xa403] },
  resolution: { main: [0x011a, 0x011b, 0x0128] },
  date_taken: { exif: [0x9003, 0x9004, 0x9011, 0x9012, 0x9291, 0x9292] },
  owner: { exif: [0xa430] },
  /** Of the body and the lens. */
  serial_numbers: { exif: [0xa431, 0xa435] },
  gps: { gps: "all" },
  xmp: {},
  iptc: {},
};
