/** An element of an XML document; attributes without a value are left out. */
export interface XmlNode {
  name: string;
  attributes?: Record<string, string | number | undefined>;
  children?: readonly XmlNode[];
  /** In place of children. */
  text?: string;
}

/** The element as text, indented, with a line break at its end. */
export function element(
  name: string,
  { attributes = {}, children = [], text }: Omit<XmlNode, "name">,
  depth = 0,
): string {
  const indent = "  ".repeat(depth);
  const given = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`);
  const open = `${indent}<${name}${given.join("")}`;
  if (text !== undefined) return `${open}>${escapeXml(text)}</${name}>\n`;
  if (children.length === 0) return `${open}/>\n`;
  const inside = children.map((child) => element(child.name, child, depth + 1)).join("");
  return `${open}>\n${inside}${indent}</${name}>\n`;
}

function escapeXml(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}
