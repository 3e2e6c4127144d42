import { OPTION_ROWS } from "./options.ts";

/** Every option of image URLs as a Markdown table, for the README. */
export function optionsTable(): string {
  const rows = Object.entries(OPTION_ROWS).map(([name, { aliases, value, meaning }]) => {
    const names = [name, ...aliases].map((one) => `\`${one}\``).join(", ");
    return `| ${names} | ${cell(value.allowed)} | ${cell(meaning)} |`;
  });
  return ["| option | value | meaning |", "|---|---|---|", ...rows].join("\n");
}

/** A bar would end the cell. */
function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
