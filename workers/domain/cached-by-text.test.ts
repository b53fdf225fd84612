import { expect, it } from "vitest";
import { cachedByText } from "./cached-by-text.ts";

it("results are kept, null too, until there are too many or the text is long", () => {
  const worked: string[] = [];
  const work = cachedByText(
    (text) => {
      worked.push(text);
      return text === "none" ? null : text.length;
    },
    { entries: 2, maxLength: 5 },
  );
  expect(["a", "a", "none", "none"].map(work)).toEqual([1, 1, null, null]);
  expect(worked).toEqual(["a", "none"]);
  expect(["longer", "longer"].map(work)).toEqual([6, 6]);
  expect(worked.splice(0)).toEqual(["a", "none", "longer", "longer"]);
  expect(["b", "a", "b"].map(work)).toEqual([1, 1, 1]);
  expect(worked).toEqual(["b", "a"]);
});
