import { call, createJob } from "./api.js";
import { byId, bytes, el, showProblem, words } from "./dom.js";

const MAX_FILE_BYTES = 95_000_000;
const VIDEO_FORMATS = new Set(["mp4", "hls"]);

/** The form: a file, the presets it may have, and sending them. `onJob` gets the accepted job and the file. */
export async function startComposer(onJob) {
  const form = byId("composer");
  const input = byId("file");
  input.addEventListener("change", () => chosen(input.files[0]));
  acceptDrops(byId("drop"), input);
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    void submit(input.files[0], onJob);
  });
  const { presets } = await call("/v1/presets");
  byId("presets").append(group("Images", "image", presets), group("Video", "video", presets));
  chosen(input.files[0]);
}

function group(title, kind, presets) {
  const own = presets.filter((preset) => kindOf(preset) === kind);
  return el("div", { class: "group", "data-kind": kind }, el("h3", {}, title), ...own.map(choice));
}

function choice({ name, description }) {
  return el(
    "label",
    { class: "choice" },
    el("input", { type: "checkbox", name: "preset", value: name }),
    el("span", {}, el("b", {}, words(name)), el("small", {}, description)),
  );
}

function kindOf({ specification }) {
  return VIDEO_FORMATS.has(specification.format) || specification.thumbnails ? "video" : "image";
}

function acceptDrops(zone, input) {
  const over = (event) => {
    event.preventDefault();
    zone.classList.add("over");
  };
  zone.addEventListener("dragenter", over);
  zone.addEventListener("dragover", over);
  zone.addEventListener("dragleave", () => zone.classList.remove("over"));
  zone.addEventListener("drop", (event) => {
    event.preventDefault();
    zone.classList.remove("over");
    if (event.dataTransfer.files.length === 0) return;
    input.files = event.dataTransfer.files;
    chosen(input.files[0]);
  });
}

/** Shows the file and leaves only the presets of its kind. */
function chosen(file) {
  const place = byId("chosen");
  place.hidden = !file;
  place.replaceChildren();
  byId("start").disabled = !file;
  showProblem(byId("composer-problem"), undefined);
  if (!file) return;
  if (file.type.startsWith("image/")) place.append(previewOf(file));
  place.append(el("b", {}, file.name), el("span", {}, `${bytes(file.size)} · choose another`));
  const kind = file.type.startsWith("video/") ? "video" : "image";
  for (const part of document.querySelectorAll(".group")) {
    const fits = part.dataset.kind === kind;
    part.hidden = !fits;
    for (const box of part.querySelectorAll("input")) box.checked &&= fits;
  }
}

function previewOf(file) {
  const address = URL.createObjectURL(file);
  const image = el("img", { src: address, alt: "" });
  image.addEventListener("load", () => URL.revokeObjectURL(address));
  image.addEventListener("error", () => image.remove());
  return image;
}

async function submit(file, onJob) {
  const problem = byId("composer-problem");
  const start = byId("start");
  showProblem(problem, undefined);
  if (file.size > MAX_FILE_BYTES) {
    return showProblem(problem, {
      message: `${file.name} has ${bytes(file.size)}; a file may have at most ${bytes(MAX_FILE_BYTES)} here.`,
    });
  }
  const outputs = [...document.querySelectorAll("input[name=preset]:checked")].map((box) => ({
    preset: box.value,
  }));
  start.disabled = true;
  try {
    onJob(await createJob(file, outputs, (share) => sent(start, share)), file);
  } catch (error) {
    showProblem(problem, error);
  } finally {
    start.disabled = false;
    start.textContent = "Start";
  }
}

function sent(button, share) {
  button.textContent = share < 1 ? `Sending ${Math.round(share * 100)} %` : "Storing";
}
