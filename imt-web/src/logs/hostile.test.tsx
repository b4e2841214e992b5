// What a log may hold, and nothing comes of it but text.
import { render } from "@testing-library/react";
import { describe, expect, it } from "vitest";

import { UNSEEN } from "../text/marks";
import { NO_STYLES } from "./cook";
import { HOSTILE } from "./hostile";
import { LineReader } from "./lines";
import { Row } from "./Row";
import { chanceOf, piecesOf, printed } from "./testing";

const ELEMENTS = new Set(["DIV", "SPAN", "A", "BUTTON", "MARK", "TIME", "svg", "path"]);

function lineOf(text: string) {
  const reader = new LineReader();
  const chance = chanceOf(text.length);
  for (const piece of piecesOf([printed("stdout", text)], () => 1 + Math.floor(chance() * 65536)))
    reader.push(piece);
  reader.finish();
  return reader.open ?? { runs: [], at: 0, isCut: false };
}

describe("a hostile line", () => {
  it("is one of two hundred and more", () => {
    expect(new Set(HOSTILE).size).toBeGreaterThanOrEqual(190);
  });

  it.each(HOSTILE.map((text, n) => [n, text] as const))("is text and nothing else: %i", (_, text) => {
    const begin = performance.now();
    for (const query of ["", "e"]) {
      const { container, unmount } = render(
        <Row
          n={0}
          line={lineOf(text)}
          styles={NO_STYLES}
          query={query}
          hereAt={null}
          isChosen={false}
          isLong={false}
          isWrapped
          hasTime
          command={null}
          took={null}
        />,
      );
      for (const element of container.querySelectorAll("*")) {
        expect(ELEMENTS.has(element.tagName), element.tagName).toBe(true);
        for (const { name, value } of element.attributes) {
          expect(name).not.toMatch(/^on|^src/);
          if (name === "href") expect(value).toBe("#L1");
          if (name === "style") expect(value).not.toMatch(/url|expression|position/);
        }
      }
      const shown = container.querySelector(".log-text")?.textContent ?? "";
      expect(shown).not.toMatch(UNSEEN);
      expect(shown.length).toBeLessThan(20_000);
      unmount();
    }
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it("hides nothing of what was printed after it", () => {
    const escapes = HOSTILE.filter((text) => text.startsWith("\x1b") && text.length < 2000);
    for (const text of escapes) {
      const { container, unmount } = render(
        <Row
          n={0}
          line={lineOf(`${text}\x1b[0mTHE END`)}
          styles={NO_STYLES}
          query=""
          hereAt={null}
          isChosen={false}
          isLong={false}
          isWrapped={false}
          hasTime={false}
          command={null}
          took={null}
        />,
      );
      expect(container.textContent, JSON.stringify(text)).toContain("THE END");
      unmount();
    }
  });
});
