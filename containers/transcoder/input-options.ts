const MAX_INPUT_PIXELS = 100_000_000;

/** How libvips opens what clients sent: damage is an error, one picture of it is enough, and it has its limits. */
export const INPUT_OPTIONS = {
  failOn: "error",
  limitInputPixels: MAX_INPUT_PIXELS,
  sequentialRead: true,
  pages: 1,
} as const;
