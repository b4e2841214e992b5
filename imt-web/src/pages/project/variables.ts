// Variables as people write them into a field: `NAME=value`, one a line.

export type Read = { isGood: true; values: Record<string, string> } | { isGood: false; wrong: string };

export function readVariables(text: string): Read {
  const values: Record<string, string> = {};
  for (const [place, line] of text.split("\n").entries()) {
    if (line.trim() === "") continue;
    const match = /^\s*([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line);
    const [, name, value] = match ?? [];
    if (name === undefined || value === undefined) {
      return { isGood: false, wrong: `Line ${place + 1} is no NAME=value.` };
    }
    if (Object.hasOwn(values, name)) return { isGood: false, wrong: `${name} is there twice.` };
    values[name] = value;
  }
  return { isGood: true, values };
}
