import { z } from "@hono/zod-openapi";

/** `durationSeconds` → `duration_seconds`, as everything in the API is written. */
export function snakeCase(name: string): string {
  return name.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toLowerCase();
}

/** The same data with every name in it written in snake case. */
export function inSnakeCase(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inSnakeCase);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [snakeCase(name), inSnakeCase(inner)]),
  );
}

/** The schema of what {@link inSnakeCase} makes of what a schema describes. */
export function schemaInSnakeCase(schema: z.core.$ZodType): z.ZodType {
  if (schema instanceof z.ZodObject) {
    const renamed = Object.entries(schema.shape).map(([name, inner]) => [
      snakeCase(name),
      schemaInSnakeCase(inner as z.core.$ZodType),
    ]);
    return z.object(Object.fromEntries(renamed) as z.core.$ZodShape);
  }
  if (schema instanceof z.ZodOptional) return schemaInSnakeCase(schema.unwrap()).optional();
  if (schema instanceof z.ZodDefault) return schemaInSnakeCase(schema.unwrap()).optional();
  if (schema instanceof z.ZodNullable) return schemaInSnakeCase(schema.unwrap()).nullable();
  if (schema instanceof z.ZodArray) return z.array(schemaInSnakeCase(schema.element));
  if (schema instanceof z.ZodTuple) return z.tuple(schema.def.items.map(schemaInSnakeCase) as [z.ZodType]);
  if (schema instanceof z.ZodUnion) return z.union(schema.options.map(schemaInSnakeCase));
  return schema instanceof z.ZodCustom ? z.unknown() : (schema as z.ZodType);
}
