import { expect, test } from "vitest";

import { readVariables } from "./variables";

test("names and values are read, and empty lines do not count", () => {
  expect(readVariables("A=1\n\n B_2=x = y \nC=")).toEqual({
    isGood: true,
    values: { A: "1", B_2: "x = y ", C: "" },
  });
  expect(readVariables("")).toEqual({ isGood: true, values: {} });
});

test.each([
  ["A=1\nnothing", "Line 2 is no NAME=value."],
  ["1A=2", "Line 1 is no NAME=value."],
  ["=2", "Line 1 is no NAME=value."],
  ["A=1\nA=2", "A is there twice."],
])("%j is refused", (text, wrong) => {
  expect(readVariables(text)).toEqual({ isGood: false, wrong });
});

test("names of what every object has are names as others", () => {
  const read = readVariables("constructor=1");
  expect(read.isGood && Object.keys(read.values)).toEqual(["constructor"]);
});
