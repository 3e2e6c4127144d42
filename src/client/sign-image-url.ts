/** An image URL to sign. */
export interface ImageUrl {
  /** Where the service is, such as `https://media.example.com`; empty makes a path. */
  origin?: string;
  mediaId: string;
  /** `{ width: 400, format: "auto" }`, or an options segment such as `w=400,f=auto`. */
  options: string | Readonly<Record<string, string | number | boolean>>;
  /** When the URL stops working, seconds since 1970; never when it is absent. */
  expiresAt?: number;
}

/**
 * Signs an image URL with the deployment's `IMAGE_URL_KEY` (HMAC-SHA256). For servers: whoever holds the key can ask
 * for any size of any image. Works wherever Web Crypto does.
 */
export async function signImageUrl(url: ImageUrl, key: string): Promise<string> {
  const options = typeof url.options === "string" ? url.options : segmentOf(url.options);
  const message = ["img", options, url.mediaId, url.expiresAt ?? ""].join("\n");
  const signature = toBase64Url(await hmac(key, message));
  const query = url.expiresAt === undefined ? "" : `?exp=${url.expiresAt}`;
  return `${url.origin ?? ""}/img/s--${signature}/${options}/${url.mediaId}${query}`;
}

function segmentOf(options: Readonly<Record<string, string | number | boolean>>): string {
  return Object.entries(options)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join(",");
}

async function hmac(key: string, message: string): Promise<Uint8Array> {
  const text = new TextEncoder();
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", text.encode(key), algorithm, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", imported, text.encode(message)));
}

function toBase64Url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}
