import { readFileSync } from "node:fs";
import { registerHooks } from "node:module";
import { fileURLToPath } from "node:url";

const SUFFIX = "?module";

/**
 * Lets Node import `.wasm?module` as the worker does, as a compiled module. Import this first, and what needs it with
 * `import()`.
 */
registerHooks({
  resolve(specifier, context, next) {
    if (!specifier.endsWith(`.wasm${SUFFIX}`)) return next(specifier, context);
    const { url } = next(specifier.slice(0, -SUFFIX.length), context);
    return { url: url + SUFFIX, format: "module", shortCircuit: true };
  },
  load(url, context, next) {
    if (!url.endsWith(`.wasm${SUFFIX}`)) return next(url, context);
    const bytes = readFileSync(fileURLToPath(url.slice(0, -SUFFIX.length))).toString("base64");
    const source = `export default new WebAssembly.Module(Buffer.from("${bytes}", "base64"));`;
    return { format: "module", source, shortCircuit: true };
  },
});
