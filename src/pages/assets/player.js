import { el } from "./dom.js";

/** A player for an HLS playlist: hls.js where Media Source exists, the browser's own HLS elsewhere (iOS). */
export function streamPlayer(playlistUrl) {
  const video = el("video", { controls: true, playsinline: true, "data-playlist": playlistUrl });
  void attach(video, playlistUrl);
  return video;
}

async function attach(video, playlistUrl) {
  const { default: Hls } = await import("/assets/hls.js");
  if (!Hls.isSupported()) {
    video.src = playlistUrl;
    return;
  }
  // Its worker is a blob: script, which the page's policy rightly refuses.
  const hls = new Hls({ enableWorker: false });
  hls.loadSource(playlistUrl);
  hls.attachMedia(video);
}
