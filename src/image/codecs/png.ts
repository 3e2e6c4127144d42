import wasm from "@jsquash/png/codec/pkg/squoosh_png_bg.wasm?module";
import type { Pixels } from "../pixels.ts";
import { type BindgenExports, instantiateBindgen, passBytes, takeBytes } from "./bindgen.ts";
import { keepCodec } from "./instance.ts";

interface PngExports extends BindgenExports {
  decode(pointer: number, length: number): number;
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
  let decoded: Pixels | undefined;
  const exports: PngExports = instantiateBindgen(
    wasm,
    importsOf((pixels) => (decoded = pixels)),
  );

  /** The decoder hands over its pixels by calling what it believes is the constructor of `ImageData`. */
  function importsOf(receive: (pixels: Pixels) => void): WebAssembly.ModuleImports {
    const imports: WebAssembly.ModuleImports = {};
    for (const { name } of WebAssembly.Module.imports(wasm)) {
      imports[name] = name.startsWith("__wbg_newwithownedu8clampedarrayandsh_")
        ? (pointer: number, length: number, width: number, height: number) => {
            receive({ width, height, data: takePixels(pointer, length) });
            return 0;
          }
        : name === "__wbindgen_throw"
          ? throwPanic
          : () => 0;
    }
    return imports;
  }

  function takePixels(pointer: number, length: number): Pixels["data"] {
    const data = new Uint8ClampedArray(exports.memory.buffer, pointer >>> 0, length).slice();
    exports.__wbindgen_free(pointer, length, 1);
    return data as Pixels["data"];
  }

  function throwPanic(pointer: number, length: number): never {
    throw new Error(new TextDecoder().decode(new Uint8Array(exports.memory.buffer, pointer >>> 0, length)));
  }

  return {
    memoryBytes: () => exports.memory.buffer.byteLength,
    decode(input: Uint8Array): Pixels {
      decoded = undefined;
      exports.decode(passBytes(exports, input), input.length);
      if (decoded === undefined) throw new Error("no pixels");
      return decoded;
    },
    encode({ data, width, height }: Pixels): Uint8Array<ArrayBuffer> {
      return takeBytes(exports, (returnPointer) => {
        exports.encode(returnPointer, passBytes(exports, data), data.length, width, height, 8);
      });
    },
  };
}
