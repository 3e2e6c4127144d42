/** `npm run sign-url -- <media id> <options> [--origin URL] [--expires-in SECONDS]`: prints a signed image URL. */
import { parseArgs } from "node:util";
import { signImageUrl } from "../client/sign-image-url.ts";

const USAGE = `npm run sign-url -- <media id> <options> [--origin https://media.example.com] [--expires-in 3600]
The key is read from the environment, as the deployment has it: IMAGE_URL_KEY.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { origin: { type: "string" }, "expires-in": { type: "string" } },
});
const [mediaId, options] = positionals;
const key = process.env.IMAGE_URL_KEY;
const seconds = values["expires-in"];
const isTime = seconds === undefined || /^[1-9]\d{0,8}$/.test(seconds);
if (!mediaId || options === undefined || !key || !isTime) {
  console.error(USAGE);
  process.exit(2);
}
const expiresAt = seconds === undefined ? undefined : Math.floor(Date.now() / 1000) + Number(seconds);
console.log(
  await signImageUrl(
    { origin: values.origin ?? "", mediaId, options, ...(expiresAt !== undefined && { expiresAt }) },
    key,
  ),
);
