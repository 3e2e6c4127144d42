/** Files that a `Text` rule of `wrangler.toml` turns into strings: what the page loads travels inside the worker. */
declare module "*.css" {
  const text: string;
  export default text;
}

declare module "*.svg" {
  const text: string;
  export default text;
}

declare module "*.js" {
  const text: string;
  export default text;
}

declare module "*/hls.min.mjs" {
  const text: string;
  export default text;
}
