/** An answer that is not 2xx, in the words of its problem document. */
export class Problem extends Error {
  constructor(status, document) {
    super(document?.detail || document?.title || `The service answered ${status}.`);
    this.status = status;
    this.fields = document?.errors ?? [];
    this.action = document?.suggested_action;
  }
}

/** Calls the API and reads its JSON. The session cookie goes along by itself. */
export async function call(path, init) {
  const response = await fetch(path, init);
  if (!response.ok) throw new Problem(response.status, await documentOf(response));
  return response.status === 204 ? undefined : response.json();
}

async function documentOf(response) {
  const text = await response.text();
  return response.headers.get("Content-Type")?.includes("json") ? JSON.parse(text) : undefined;
}

export const sendJson = (path, method, body) =>
  call(path, { method, headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/**
 * Sends a file and asks for outputs of it; `onSent` hears the share that has left, 0–1. XMLHttpRequest, because
 * fetch does not tell how far an upload is.
 */
export function createJob(file, outputs, onSent) {
  const form = new FormData();
  if (outputs.length > 0) form.set("output_specifications", JSON.stringify(outputs));
  form.set("input_file", file, file.name);
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.responseType = "json";
    request.upload.addEventListener("progress", ({ loaded, total }) =>
      onSent(total > 0 ? loaded / total : 0),
    );
    request.addEventListener("error", () => reject(new Error("The service could not be reached.")));
    request.addEventListener("load", () => {
      if (request.status === 201) resolve(request.response);
      else reject(new Problem(request.status, request.response));
    });
    request.open("POST", "/v1/jobs");
    request.send(form);
  });
}
