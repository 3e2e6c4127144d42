/** How much of a file is looked at for its root element: what programs write before it is shorter, bytes. */
const PROLOGUE_BYTES = 4096;

/**
 * What may stand before the root element (XML 1.0 §2.8): space, processing instructions, comments, and a document type
 * with or without declarations of its own, which Illustrator writes.
 */
const PROLOGUE_PART = /\s+|<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<!DOCTYPE[^[>]*(?:\[[^\]]*\]\s*)?>/iy;
const ROOT = /<(?:[A-Za-z_][\w.-]*:)?svg[\s>]/y;

/** Whether a file is a drawing: its root element is `svg`, whatever stands before it. */
export function isSvg(head: Uint8Array): boolean {
  return svgRootAt(new TextDecoder().decode(head.subarray(0, PROLOGUE_BYTES))) >= 0;
}

/** Where the root element of a drawing begins; -1 when the text is none. A byte order mark is no part of the text. */
export function svgRootAt(text: string): number {
  let at = 0;
  PROLOGUE_PART.lastIndex = at;
  while (PROLOGUE_PART.test(text)) at = PROLOGUE_PART.lastIndex;
  ROOT.lastIndex = at;
  return ROOT.test(text) ? at : -1;
}
