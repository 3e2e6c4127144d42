import { readFile } from "node:fs/promises";
import { type Cascade, parseCascade } from "../../src/image/faces/cascade.ts";
import { detectFaces } from "../../src/image/faces/detect.ts";
import type { Face } from "../../src/image/faces/face.ts";
import type { Pixels } from "../../src/image/pixels.ts";

/** From Debian's package `opencv-data` (BSD): Lienhart, Kuranov and Pisarevsky's frontal faces, trees of two splits. */
const CASCADE_FILE = "/usr/share/opencv4/haarcascades/haarcascade_frontalface_alt2.xml";

let cascade: Promise<Cascade | undefined> | undefined;

/** Faces in an upright picture of at most `FACE_SIDE_PX` a side; undefined where the detector is not installed. */
export async function findFaces(picture: Pixels): Promise<Face[] | undefined> {
  const detector = await loadCascade();
  return detector && detectFaces(picture, detector);
}

/** Whether the detector is installed. */
export async function canFindFaces(): Promise<boolean> {
  return (await loadCascade()) !== undefined;
}

async function loadCascade(): Promise<Cascade | undefined> {
  cascade ??= readFile(CASCADE_FILE, "utf8").then(parseCascade, () => undefined);
  return await cascade;
}
