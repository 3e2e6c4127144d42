import type { Token } from "./scan-tokens.ts";

/** A Huffman table as a DHT segment has it, and the code of each symbol as a string of 0 and 1. */
export interface HuffmanTable {
  definition: number[];
  codes: Map<number, string>;
}

/**
 * The shortest code for these symbols, none longer than 16 bits (T.81 §K.2). Rare symbols get long codes, so a picture
 * with some variety exercises all lengths. Like everywhere else, the code of all ones stays free.
 */
export function optimalTable(tokens: Token[]): HuffmanTable {
  const frequencies = new Map<number, number>();
  for (const { symbol } of tokens) frequencies.set(symbol, (frequencies.get(symbol) ?? 0) + 1);
  if (frequencies.size === 0) frequencies.set(0, 1);
  const counts = limitLengths(countLengths([...frequencies.values()]));
  const symbols = [...frequencies].sort((a, b) => b[1] - a[1] || a[0] - b[0]).map(([symbol]) => symbol);
  return { definition: [...counts.slice(1, 17), ...symbols], codes: assignCodes(counts, symbols) };
}

/** How many symbols have codes of each length, with one more symbol for the code of all ones. */
function countLengths(frequencies: number[]): number[] {
  let nodes = [...frequencies, 0].map((frequency) => ({ frequency, depths: [0] }));
  while (nodes.length > 1) {
    nodes = nodes.sort((a, b) => b.frequency - a.frequency);
    const [last, before] = [nodes.pop(), nodes.pop()];
    if (last === undefined || before === undefined) break;
    const depths = [...last.depths, ...before.depths].map((depth) => depth + 1);
    nodes.push({ frequency: last.frequency + before.frequency, depths });
  }
  const counts = new Array<number>(260).fill(0);
  for (const depth of nodes[0]?.depths ?? []) counts[depth] = (counts[depth] ?? 0) + 1;
  return counts;
}

/** T.81 figure K.3: pairs of codes that are too long move up, at the cost of one shorter code. */
function limitLengths(counts: number[]): number[] {
  const limited = [...counts];
  const at = (length: number) => limited[length] ?? 0;
  for (let length = limited.length - 1; length > 16; length--) {
    while (at(length) > 0) {
      let shorter = length - 2;
      while (at(shorter) === 0) shorter--;
      limited[length] = at(length) - 2;
      limited[length - 1] = at(length - 1) + 1;
      limited[shorter + 1] = at(shorter + 1) + 2;
      limited[shorter] = at(shorter) - 1;
    }
  }
  const longest = limited.findLastIndex((count) => count > 0);
  limited[longest] = at(longest) - 1;
  return limited;
}

function assignCodes(counts: number[], symbols: number[]): Map<number, string> {
  const codes = new Map<number, string>();
  let code = 0;
  let index = 0;
  for (let length = 1; length <= 16; length++) {
    for (let left = counts[length] ?? 0; left > 0; left--) {
      codes.set(symbols[index++] ?? 0, code.toString(2).padStart(length, "0"));
      code += 1;
    }
    code *= 2;
  }
  return codes;
}
