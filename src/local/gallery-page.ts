/** A picture that was made, as the page shows it. */
export interface GalleryPicture {
  /** Beside the page, or a data URL. */
  src: string;
  /** Size at which it is shown, px. */
  width: number;
  height: number;
  /** What it was asked for with. */
  caption: string;
  /** What came out, such as its size in bytes. */
  facts: string;
}

export interface GalleryPart {
  title: string;
  text: string;
  pictures: GalleryPicture[];
}

export interface GalleryPhoto {
  name: string;
  parts: GalleryPart[];
}

/** The whole page: one file of HTML, whose pictures lie beside it. */
export function galleryPage(photos: readonly GalleryPhoto[]): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Darkroom: a contact set</title>
<style>${STYLE}</style>
<h1>A contact set</h1>
<p>Every picture here was made by Darkroom from the options under it, as anybody would ask for it:
<code>/img/&lt;options&gt;/&lt;media id&gt;</code>.</p>
${photos.map(photoSection).join("\n")}
</html>
`;
}

function photoSection({ name, parts }: GalleryPhoto): string {
  return `<h2>${escaped(name)}</h2>\n${parts.map(partSection).join("\n")}`;
}

function partSection({ title, text, pictures }: GalleryPart): string {
  return `<section><h3>${escaped(title)}</h3><p>${escaped(text)}</p>
<div class="row">${pictures.map(figure).join("\n")}</div></section>`;
}

function figure({ src, width, height, caption, facts }: GalleryPicture): string {
  const options = escaped(caption).replaceAll(",", ",<wbr>");
  return `<figure style="width:${Math.max(width, LEAST_WIDTH_PX)}px">
<img src="${escaped(src)}" width="${width}" height="${height}" alt="${escaped(caption)}">
<figcaption><code>${options}</code><br>${escaped(facts)}</figcaption></figure>`;
}

/** Room for a caption under a narrow picture. */
const LEAST_WIDTH_PX = 132;

const STYLE = `
body { margin: 2rem auto; max-width: 80rem; padding: 0 1.5rem; background: #f6f5f2; color: #23211d;
  font: 15px/1.45 system-ui, sans-serif; }
h1, h2, h3 { margin: 0 0 .3em; line-height: 1.2; }
h2 { margin-top: 2rem; padding-top: 1.2rem; border-top: 1px solid #cfcac0; }
section { margin: 1.8rem 0; }
section p { margin: 0 0 .8rem; color: #5c574d; }
.row { display: flex; flex-wrap: wrap; gap: 1.2rem; align-items: flex-start; }
figure { margin: 0; }
img { display: block; background: repeating-conic-gradient(#ddd9d0 0 25%, #efede8 0 50%) 0 0 / 16px 16px; }
figcaption { margin-top: .4rem; font-size: 12px; line-height: 1.35; color: #5c574d; }
code { font: 12px ui-monospace, monospace; color: #23211d; }
`;

function escaped(text: string): string {
  const entities: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? character);
}
