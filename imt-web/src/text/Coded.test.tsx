import { render } from "@testing-library/react";
import type { ComponentType } from "react";
import { expect, test } from "vitest";

import { Coded, CodedLines } from "./Coded";

function shown(text: string, Shown: ComponentType<{ text: string }> = Coded) {
  const { container } = render(<Shown text={text} />);
  const codes = [...container.querySelectorAll("code")].map((code) => code.textContent);
  return { codes, text: container.textContent, container };
}

test("what stands between backticks is code", () => {
  expect(shown("job `unit` ended, not `x`")).toMatchObject({
    codes: ["unit", "x"],
    text: "job unit ended, not x",
  });
});

test.each(["nothing", "one ` alone", "`` none", ""])("%j stays as it is", (text) => {
  expect(shown(text)).toMatchObject({ codes: [], text });
});

test("what is code is text nevertheless", () => {
  const { container, text } = shown("`<b>x</b>` and `\u202ey`");
  expect(container.querySelector("b")).toBeNull();
  expect(text).toBe("<b>x</b> and RLOy");
});

test("of several lines none is touched, a single one is a sentence", () => {
  const frame = "error: there is no stage `test`\n3 |   script: echo `date`\n  |          ^^^^";
  expect(shown(frame, CodedLines)).toMatchObject({ codes: [], text: frame.replaceAll("\n", "") });
  expect(shown("no stage `test`", CodedLines).codes).toEqual(["test"]);
});
