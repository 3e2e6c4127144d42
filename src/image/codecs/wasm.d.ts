/** The build compiles a `.wasm` file that is imported as a module; the runtime refuses to compile bytes itself. */
declare module "*.wasm?module" {
  const module: WebAssembly.Module;
  export default module;
}
