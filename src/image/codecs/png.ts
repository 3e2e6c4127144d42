import wasm from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm?module";
import type { Pixels } from "../pixels.ts";
import { type BindgenExports, instantiateBindgen, passBytes, takeBytes } from "./bindgen.ts";
import { keepCodec } from "./instance.ts";

interface PngExports extends BindgenExports {
  encode(
    returnPointer: number,
    pointer: number,
    length: number,
    width: number,
    height: number,
    bitDepth: number,
  ): void;
}

const codec = keepCodec(async () => instantiatePng());

/** Encodes as 8-bit RGBA. */
export async function encodePng(pixels: Pixels): Promise<Uint8Array<ArrayBuffer>> {
  return await codec.use((png) => png.encode(pixels));
}

function instantiatePng() {
  const exports: PngExports = instantiateBindgen(wasm, importsOf());
  return {
    memoryBytes: () => exports.memory.buffer.byteLength,
    encode({ data, width, height }: Pixels): Uint8Array<ArrayBuffer> {
      return takeBytes(exports, (returnPointer) => {
        exports.encode(returnPointer, passBytes(exports, data), data.length, width, height, 8);
      });
    },
  };

  /** Besides panics, what it imports serves its decoder, which is not used. */
  function importsOf(): WebAssembly.ModuleImports {
    const imports: WebAssembly.ModuleImports = {};
    for (const { name } of WebAssembly.Module.imports(wasm))
      imports[name] = name === "__wbindgen_throw" ? throwPanic : () => 0;
    return imports;
  }

  function throwPanic(pointer: number, length: number): never {
    throw new Error(new TextDecoder().decode(new Uint8Array(exports.memory.buffer, pointer >>> 0, length)));
  }
}
