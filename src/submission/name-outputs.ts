import type { FieldError } from "../errors.ts";
import { EXTENSIONS, type OutputFormat } from "./output/formats.ts";
import type { OutputSpecification } from "./output-specification.ts";

/** A specification with its preset applied: what it is and what it is called are settled. */
export type NamedSpecification = OutputSpecification & { format: OutputFormat; name: string };

/** Gives every output a name of its own: the one it asks for, or its preset and extension, numbered when taken. */
export function nameOutputs(
  specifications: (OutputSpecification & { format: OutputFormat })[],
  errors: FieldError[],
): NamedSpecification[] {
  const taken = new Set<string>();
  specifications.forEach(({ name }, index) => {
    if (name === undefined) return;
    if (taken.has(name)) {
      errors.push({
        path: `output_specifications.${index}.name`,
        message: "Another output of this job has this name.",
      });
    }
    taken.add(name);
  });
  return specifications.map((specification) => {
    if (specification.name !== undefined) return { ...specification, name: specification.name };
    const stem = specification.preset ?? (specification.storyboard ? "storyboard" : specification.format);
    const extension = specification.storyboard ? ".vtt" : EXTENSIONS[specification.format];
    let name = stem + extension;
    for (let n = 2; taken.has(name); n++) name = `${stem}-${n}${extension}`;
    taken.add(name);
    return { ...specification, name };
  });
}
