import { expect, it } from "vitest";
import { messageOf } from "../../transcript/blocks.ts";
import { pairTools } from "../../transcript/pair-tools.ts";
import { Transcript } from "./transcript.tsx";

const render = (messages: object[]): string => {
  const entries = pairTools(messages.map((message) => messageOf(message)));
  const element: { toString(): string } = Transcript({
    entries,
    responseNumber: null,
    context: { here: "/", rawHref: "/raw" },
  });
  return element.toString();
};

it("a message of 10,000 tool calls shows the first 200 and says how many more there are", () => {
  const call = (n: number) => ({
    type: "tool_use",
    id: `t${n}`,
    name: "Read",
    input: { file_path: `/f${n}` },
  });
  const html = render([{ role: "assistant", content: Array.from({ length: 10_000 }, (_, n) => call(n)) }]);
  expect(html.length).toBeLessThan(300_000);
  expect(html).toContain("/f199");
  expect(html).not.toContain("/f200");
  expect(html).toMatch(/9,800 more parts not shown.*href="\/raw"/);
});

it("messages link to the user's messages directly before and after them", () => {
  const roles = ["assistant", "user", "assistant", "user", "user", "assistant"];
  const html = render(roles.map((role, n) => ({ role, content: `${role} ${n}` })));
  const links = html
    .split('id="message-')
    .slice(1)
    .map((card) =>
      [...card.matchAll(/#message-(\d)" class="quiet" title/g)].map(([, number]) => number).join(),
    );
  expect(links).toEqual(["2", "4", "2,4", "2,5", "4", "5"]);
});
