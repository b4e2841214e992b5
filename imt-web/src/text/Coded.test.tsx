import { render } from "@testing-library/react";
import { expect, test } from "vitest";

import { Coded } from "./Coded";

function shown(text: string) {
  const { container } = render(<Coded text={text} />);
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
