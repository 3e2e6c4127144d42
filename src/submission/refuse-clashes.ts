import type { FieldError } from "../errors.ts";
import type { NamedSpecification } from "./name-outputs.ts";
import { numberedNames } from "./output/resolve-still.ts";

/** Notes outputs that are named as one of the numbered files of another will be. */
export function refuseClashes(named: readonly NamedSpecification[], errors: FieldError[]): void {
  const numbered = named.map(numberedNames);
  named.forEach(({ name }, index) => {
    const clash = numbered.some(({ fixed, pattern }) => fixed.includes(name) || pattern?.test(name));
    if (!clash) return;
    const message = `Another output of this job has a file ${name}; choose another name.`;
    errors.push({ path: `output_specifications.${index}.name`, message });
  });
  const all = numbered.flatMap(({ fixed }) => fixed);
  if (new Set(all).size === all.length) return;
  errors.push({ path: "output_specifications", message: "Two outputs make files of the same name." });
}
