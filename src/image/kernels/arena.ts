/**
 * Memory of one picture: handed out upwards, never freed piece by piece, taken back all at once. The module is built
 * with a maximum memory, so a picture that needs more than that gets 0 and not a larger process.
 */

const PAGE_BYTES: u64 = 65_536;
const ALIGNMENT: usize = 16;

let next: usize = start();

function start(): usize {
  return (__heap_base + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/** Forgets everything that was handed out. */
export function resetArena(): void {
  next = start();
}

/** Where the next piece will begin: {@link releaseTo} takes back all that is handed out from here on. */
export function arenaMark(): usize {
  return next;
}

export function releaseTo(mark: usize): void {
  next = mark;
}

/** A 16-byte aligned piece that holds whatever was there before; 0 when the maximum memory would not hold it. */
export function allocate(bytes: u64): usize {
  const end = ((next as u64) + bytes + ALIGNMENT - 1) & ~((ALIGNMENT as u64) - 1);
  const wantedPages = (end + PAGE_BYTES - 1) / PAGE_BYTES;
  const pages = memory.size() as u64;
  if (wantedPages > 65_535) return 0;
  if (wantedPages > pages && memory.grow((wantedPages - pages) as i32) < 0) return 0;
  const piece = next;
  next = end as usize;
  return piece;
}

/** The same, filled with zeros. */
export function allocateZeroed(bytes: u64): usize {
  const piece = allocate(bytes);
  if (piece !== 0) memory.fill(piece, 0, bytes as usize);
  return piece;
}
