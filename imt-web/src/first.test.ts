import { beforeEach, expect, it, vi } from "vitest";

const asked: string[] = [];
let answer: () => Promise<string>;

beforeEach(() => {
  asked.length = 0;
  vi.resetModules();
  vi.doMock(import("./parts"), async (real) => {
    const { pathOf } = await real();
    const ask = (path: string) => () => {
      asked.push(path);
      return answer();
    };
    return { pathOf, parts: { runners: ask("runners"), audit: ask("audit") } as never };
  });
});

async function beginAt(address: string) {
  history.replaceState(null, "", address);
  return import("./first");
}

it("asks at once for the part at the address, and hands it over once", async () => {
  answer = () => Promise.resolve(`answer ${asked.length}`);
  const { fetched } = await beginAt("/runners");
  expect(asked).toEqual(["runners"]);
  expect(await fetched("audit")).toBe("answer 2");
  expect(await fetched("runners")).toBe("answer 1");
  expect(await fetched("runners")).toBe("answer 3");
});

it("hands over that it failed, and asks again after that", async () => {
  answer = () => Promise.reject(new Error("Unable to preload CSS for /assets/a.css"));
  const { fetched } = await beginAt("/runners");
  await expect(fetched("runners")).rejects.toThrow("Unable to preload CSS");
  expect(asked).toHaveLength(1);
  answer = () => Promise.resolve("there");
  expect(await fetched("runners")).toBe("there");
});

it("asks for nothing where there is no page", async () => {
  await beginAt("/nowhere");
  expect(asked).toEqual([]);
});
