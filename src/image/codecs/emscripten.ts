/** The part of an Emscripten module object that is used here; `HEAPU8` is replaced whenever the memory grows. */
interface EmscriptenModule {
  HEAPU8: Uint8Array;
}

interface ModuleOverrides {
  noInitialRun: boolean;
  locateFile: (path: string) => string;
  print: (line: string) => void;
  printErr: (line: string) => void;
  instantiateWasm: (
    imports: WebAssembly.Imports,
    done: (instance: WebAssembly.Instance) => void,
  ) => WebAssembly.Exports;
}

export interface EmscriptenInstance<M> {
  module: M;
  /** What the library wrote to stderr since the last call (libjpeg's warnings), oldest first. */
  takeWarnings(): string[];
  memoryBytes(): number;
}

/** What the packages export, typed for how they are called here. */
export type EmscriptenFactory<M> = (overrides: ModuleOverrides) => Promise<M & EmscriptenModule>;

/** Sets up one instance of an Emscripten build from a module that the bundler has compiled. */
export async function instantiateEmscripten<M>(
  factory: EmscriptenFactory<M>,
  wasm: WebAssembly.Module,
): Promise<EmscriptenInstance<M>> {
  let warnings: string[] = [];
  const module = await factory({
    noInitialRun: true,
    // Keeps the glue from building a URL out of import.meta.url, which a bundled worker does not have.
    locateFile: (path) => path,
    print: () => undefined,
    printErr: (line) => warnings.push(line),
    instantiateWasm(imports, done) {
      const instance = new WebAssembly.Instance(wasm, imports);
      done(instance);
      return instance.exports;
    },
  });
  return {
    module,
    takeWarnings() {
      const taken = warnings;
      warnings = [];
      return taken;
    },
    memoryBytes: () => module.HEAPU8.byteLength,
  };
}
