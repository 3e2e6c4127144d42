/** One kind of thing that the engine does, shown with a few image URLs. */
export interface GallerySection {
  title: string;
  /** What to look at, a sentence or two. */
  text: string;
  /** Options of image URLs; `LOGO` stands for the id of a logo. */
  options: string[];
}

/** The contact set, in the order of the page. */
export const GALLERY_SECTIONS: GallerySection[] = [
  {
    title: "Fits",
    text: "One box of 240 × 240, and every way to meet it. Nothing is enlarged unless the fit says so.",
    options: [
      "w=240,h=240,fit=scale-down",
      "w=240,h=240,fit=cover",
      "w=240,h=240,fit=pad,background=%23d9c7a3",
      "w=240,h=240,fit=squeeze",
    ],
  },
  {
    title: "Where a crop lies",
    text: "The same narrow box: the middle, both sides, a point, what draws the eye, and faces where there are any.",
    options: [
      "w=140,h=280,fit=cover",
      "w=140,h=280,fit=cover,g=left",
      "w=140,h=280,fit=cover,g=right",
      "w=140,h=280,fit=cover,g=0.4x0.5",
      "w=140,h=280,fit=cover,g=auto",
      "w=140,h=280,fit=cover,g=face",
    ],
  },
  {
    title: "Formats",
    text: "The same picture; only the bytes differ. Without a format, the browser's Accept header decides.",
    options: ["avif", "webp", "jpeg", "png"].map((format) => `w=280,f=${format}`),
  },
  {
    title: "Quality",
    text: "From the coarsest to the finest WebP, cut to what draws the eye.",
    options: ["5", "25", "50", "75", "95"].map((q) => `w=220,h=220,fit=cover,g=auto,f=webp,q=${q}`),
  },
  {
    title: "A watermark",
    text: "Another stored picture, as a fraction of this one: in a corner, half transparent, or all over.",
    options: [
      "w=360,draw=LOGO",
      "w=360,draw=LOGO,draw.gravity=0x1,draw.opacity=0.5,draw.width=0.35",
      "w=360,draw=LOGO,draw.repeat=true,draw.opacity=0.25,draw.width=0.15",
    ],
  },
  {
    title: "Finishes",
    text: "In the order in which they are applied, each by itself.",
    options: [
      "w=240,trim=200;300;200;300",
      "w=240,flip=h",
      "w=240,rotate=90",
      "w=240,saturation=0",
      "w=240,gamma=2",
      "w=240,contrast=1.6",
      "w=240,blur=8",
      "w=240,sharpen=4",
      "w=240,border=12,border.color=%23b8862f",
    ],
  },
];

/** Every way a camera can be held. */
export const ORIENTATIONS = [1, 2, 3, 4, 5, 6, 7, 8] as const;
export const ORIENTED_OPTIONS = "w=132,h=132,f=webp";
