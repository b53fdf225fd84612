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

const call = (n: number) => ({ type: "tool_use", id: `t${n}`, name: "Read", input: { file_path: `/f${n}` } });
const many = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));

it("a message of 10,000 tool calls shows the first 100 and says how many more there are", () => {
  const html = render([{ role: "assistant", content: many(10_000, call) }]);
  expect(html.length).toBeLessThan(150_000);
  expect(html).toContain("/f99");
  expect(html).not.toContain("/f100<");
  expect(html).toMatch(/9,900 more parts not shown.*href="\/raw"/);
});

it.each<[string, object[]]>([
  ["40 messages of 200 tool calls", many(40, () => ({ role: "assistant", content: many(200, call) }))],
  [
    "a result of 10,000 blocks",
    [
      { role: "assistant", content: [call(0)] },
      {
        role: "user",
        content: [
          {
            type: "tool_result",
            tool_use_id: "t0",
            content: many(10_000, (n) => ({ type: "text", text: `${n}` })),
          },
        ],
      },
    ],
  ],
  [
    "10,000 edits",
    [
      {
        role: "assistant",
        content: [
          { ...call(0), input: { edits: many(10_000, (n) => ({ old_string: "a", new_string: `${n}` })) } },
        ],
      },
    ],
  ],
  [
    "10,000 reminders",
    [
      {
        role: "user",
        content: many(10_000, (n) => ({
          type: "text",
          text: `<system-reminder>${n}</system-reminder>`,
        })),
      },
    ],
  ],
  [
    "200 calls with inputs of 300 values",
    many(40, () => ({
      role: "assistant",
      content: many(5, (n) => ({ ...call(n), input: Object.fromEntries(many(300, (m) => [`k${m}`, m])) })),
    })),
  ],
])("a page of %s is no larger than others, and says what is not shown", (_, messages) => {
  const html = render(messages);
  expect(html.length).toBeLessThan(250_000);
  expect(html).toMatch(/(?:more (?:part|block|edit|reminder)s not shown|values are shown)\..*href="\/raw"/);
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
