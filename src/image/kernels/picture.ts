import { allocate, arenaMark, releaseTo, resetArena } from "./arena";
import { decodeJpeg } from "./jpeg/decoder";
import { componentAt, componentCount, frameHeight, frameWidth, MAX_COMPONENTS } from "./jpeg/frame";
import {
  PLANE_SLACK_BYTES,
  planeBytes,
  planeHeight,
  planeScaleX,
  planeScaleY,
  planeWidth,
  setDemand,
} from "./jpeg/planes";
import { OK } from "./jpeg/status";
import { mixPlanes, PLANE_SLACK } from "./resize/color";
import { BILINEAR, NEAREST } from "./resize/filters";
import { beginResize, pushRows } from "./resize/resizer";

/** From the planes of a decoded JPEG to pixels: each plane is resampled by itself, and only the result is mixed. */

/** What is handed out above is made for one output and forgotten with the next. */
let planesEnd: usize = 0;
const outputs: usize = memory.data(3 * 4, 4);

let file: usize = 0;
let fileBytes: i32 = 0;

/** Makes room for a file; what was here before is forgotten. Returns where to put it; 0 when memory is out. */
export function startFile(bytes: i32): usize {
  resetArena();
  planesEnd = 0;
  fileBytes = bytes;
  file = allocate(bytes as u64);
  return file;
}

/**
 * Decodes what `setDemand` is told of and forgets everything but the planes.
 *
 * @returns a status of `jpeg/status.ts`
 */
export function decodeToPlanes(
  scaleX: f64,
  scaleY: f64,
  colorScaleX: f64,
  colorScaleY: f64,
  left: i32,
  top: i32,
  right: i32,
  bottom: i32,
): i32 {
  setDemand(scaleX, scaleY, colorScaleX, colorScaleY, left, top, right, bottom);
  const status = decodeJpeg(file, fileBytes);
  if (status === OK) keepPlanesOnly();
  return status;
}

/** The file and the coefficients lie below the planes: the planes move down over them. */
function keepPlanesOnly(): void {
  resetArena();
  for (let index = 0; index < componentCount; index++) {
    const component = componentAt(index);
    const bytes = planeBytes(component);
    const plane = allocate(bytes + PLANE_SLACK_BYTES);
    memory.copy(plane, component.plane, bytes as usize);
    component.plane = plane;
  }
  planesEnd = arenaMark();
}

export function pictureWidth(): i32 {
  return frameWidth;
}

export function pictureHeight(): i32 {
  return frameHeight;
}

/**
 * Resamples a window of the decoded picture to opaque RGBA.
 *
 * @param model what the planes hold; see `resize/color.ts`
 * @param left, top, width, height of the window, px of the picture
 * @returns where the pixels are until the next call; 0 when memory is out
 */
export function renderPlanes(
  model: i32,
  left: f64,
  top: f64,
  width: f64,
  height: f64,
  targetWidth: i32,
  targetHeight: i32,
  filterX: i32,
  filterY: i32,
): usize {
  if (planesEnd === 0) return 0;
  releaseTo(planesEnd);
  const pixels = (targetWidth as u64) * (targetHeight as u64);
  for (let index = 0; index < componentCount; index++) {
    const output = allocate(pixels + PLANE_SLACK);
    if (output === 0) return 0;
    store<u32>(outputs + <usize>index * 4, output as u32);
    const mark = arenaMark();
    const component = componentAt(index);
    const x = planeScaleX(component);
    const y = planeScaleY(component);
    const isReady = beginResize(
      output,
      planeWidth(component),
      planeHeight(component),
      left * x - component.fromColumn * component.columns,
      top * y - component.fromRow * component.rows,
      width * x,
      height * y,
      targetWidth,
      targetHeight,
      1,
      false,
      planeFilter(filterX, left * x, width * x, targetWidth, width),
      planeFilter(filterY, top * y, height * y, targetHeight, height),
    );
    if (!isReady) return 0;
    pushRows(component.plane, component.stride, planeHeight(component));
    releaseTo(mark);
  }
  const last = <usize>(min(componentCount, MAX_COMPONENTS) - 1) * 4;
  const second = load<u32>(outputs + last / 2);
  return mixPlanes(model, load<u32>(outputs), second, load<u32>(outputs + last), pixels as i32);
}

/**
 * A plane that has the size already is copied. One that has to grow although the picture does not is a colour plane
 * that was stored at half the size: at the size of the picture it grows along straight lines, as other decoders let it.
 * Where the picture shrinks, colour has been cut down to what the result can show, and lines would blur it once more.
 */
function planeFilter(filter: i32, start: f64, length: f64, target: i32, pictureLength: f64): i32 {
  if (length === (target as f64) && start === Math.floor(start)) return NEAREST;
  const growsAlone = length < (target as f64) && pictureLength === (target as f64);
  return growsAlone && filter !== NEAREST ? BILINEAR : filter;
}
