import { concatBytes, fromLatin1, latin1, uint32, viewOf } from "./bytes.ts";

/** The image resource that holds IPTC-NAA records (Adobe Photoshop file formats, image resource ids). */
const IPTC_RESOURCE = 0x0404;

/** Finds the IPTC records among image resources: `8BIM`, id, padded name, length, padded data. */
export function iptcOf(resources: Uint8Array): Uint8Array | undefined {
  const view = viewOf(resources);
  let at = 0;
  while (at + 12 <= resources.length && latin1(resources.subarray(at, at + 4)) === "8BIM") {
    const id = view.getUint16(at + 4);
    const name = 1 + (resources[at + 6] ?? 0);
    const data = at + 6 + name + (name & 1);
    if (data + 4 > resources.length) return undefined;
    const length = view.getUint32(data);
    if (data + 4 + length > resources.length) return undefined;
    if (id === IPTC_RESOURCE) return resources.subarray(data + 4, data + 4 + length);
    at = data + 4 + length + (length & 1);
  }
  return undefined;
}

/** IPTC records as the only image resource there is: thumbnails and paths stand in others. */
export function photoshopResources(iptc: Uint8Array): Uint8Array<ArrayBuffer> {
  const head = [...fromLatin1("8BIM"), IPTC_RESOURCE >> 8, IPTC_RESOURCE & 255, 0, 0];
  return concatBytes(head, uint32(iptc.length), iptc, iptc.length & 1 ? [0] : []);
}
