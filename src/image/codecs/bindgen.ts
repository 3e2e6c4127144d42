/** What every wasm-bindgen module of the packages exports for passing arrays (wasm-bindgen 0.2, no reference types). */
export interface BindgenExports extends WebAssembly.Exports {
  memory: WebAssembly.Memory;
  __wbindgen_malloc(bytes: number, align: number): number;
  __wbindgen_free(pointer: number, bytes: number, align: number): void;
  __wbindgen_add_to_stack_pointer(delta: number): number;
}

/**
 * Instances are made here and not by the packages' own glue, because that keeps one instance in a module variable for
 * good: an instance that trapped or grew could never be replaced.
 */
export function instantiateBindgen<E extends BindgenExports>(
  wasm: WebAssembly.Module,
  imports: WebAssembly.ModuleImports = {},
): E {
  return new WebAssembly.Instance(wasm, { wbg: imports }).exports as E;
}

/** Copies bytes into the instance; the callee frees them. */
export function passBytes(exports: BindgenExports, bytes: Uint8Array | Uint8ClampedArray): number {
  const pointer = exports.__wbindgen_malloc(bytes.length, 1) >>> 0;
  new Uint8Array(exports.memory.buffer).set(bytes, pointer);
  return pointer;
}

/** Calls a function that returns a byte vector through a return pointer, and takes the vector out. */
export function takeBytes(
  exports: BindgenExports,
  call: (returnPointer: number) => void,
): Uint8Array<ArrayBuffer> {
  const returnPointer = exports.__wbindgen_add_to_stack_pointer(-16);
  try {
    call(returnPointer);
    const [pointer = 0, length = 0] = new Uint32Array(exports.memory.buffer, returnPointer, 2);
    const bytes = new Uint8Array(exports.memory.buffer, pointer, length).slice() as Uint8Array<ArrayBuffer>;
    exports.__wbindgen_free(pointer, length, 1);
    return bytes;
  } finally {
    exports.__wbindgen_add_to_stack_pointer(16);
  }
}
