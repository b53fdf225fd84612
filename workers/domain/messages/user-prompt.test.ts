import { describe, expect, it } from "vitest";
import { userPromptText } from "./user-prompt.ts";

const encoder = new TextEncoder();
const of = (...messages: unknown[]) =>
  userPromptText(messages.map((message) => encoder.encode(JSON.stringify(message))));
const user = (...content: unknown[]) => ({ role: "user", content });
const text = (words: string) => ({ type: "text", text: words });
const assistant = { role: "assistant", content: "Done." };

describe("the words of a person", () => {
  it("are what follows the last response", () => {
    expect(of({ role: "user", content: "Fix the test" })).toBe("Fix the test");
    expect(
      of({ role: "user", content: "Fix it" }, assistant, { role: "user", content: "And  this\nnow" }),
    ).toBe("And  this now");
    expect(of(user(text("One")), { role: "system", content: "env" }, user(text("two"), text("three")))).toBe(
      "One two three",
    );
  });

  it("are not what the client puts around them", () => {
    const reminder = text("<system-reminder>\nAs you answer, CLAUDE.md says…\n</system-reminder>\n");
    expect(of(user(reminder, text("Rename the module<system-reminder>x</system-reminder>")))).toBe(
      "Rename the module",
    );
    expect(of(user(text("<system-reminder>never closed")))).toBeNull();
    expect(
      of(
        user(
          text("<local-command-caveat>Caveat: …</local-command-caveat>"),
          text("<command-message>review</command-message>\n<command-name>/review</command-name>"),
          text("<command-args>src</command-args>"),
          text("<local-command-stdout>ok</local-command-stdout>"),
        ),
      ),
    ).toBe("/review src");
    expect(of(user(text("<bash-input>ls -l</bash-input>"), text("<bash-stdout>a b</bash-stdout>")))).toBe(
      "! ls -l",
    );
    expect(of(user(text("Show <b>bold</b> & <system>")))).toBe("Show <b>bold</b> & <system>");
  });

  it("are missing where only a tool, an image or the client wrote", () => {
    const result = { type: "tool_result", tool_use_id: "t", content: "out" };
    expect(of(user(text("Go")), assistant, user(result))).toBeNull();
    expect(of(user(text("Go")), assistant, user(result, text("Stop, use the other file")))).toBe(
      "Stop, use the other file",
    );
    expect(of(user(text("[Request interrupted by user for tool use]")))).toBeNull();
    expect(of(user({ type: "image", source: {} }))).toBeNull();
    expect(
      of(
        user(text("This session is being continued from a previous conversation that ran out of context. …")),
      ),
    ).toBeNull();
    expect(
      of(
        user(
          result,
          text(
            "CRITICAL: Respond with TEXT ONLY. Your task is to create a detailed summary of the conversation so far",
          ),
        ),
      ),
    ).toBeNull();
  });

  it("are one short line of whole characters, whatever came", () => {
    const long = of({ role: "user", content: `${"x".repeat(119)}🦊 and on` })!;
    expect(long).toBe("x".repeat(119));
    expect(of({ role: "user", content: "a\u0000b\ud800" })).toBe("a b\ufffd");
    for (const odd of [
      null,
      7,
      "x",
      [],
      {},
      { role: "user" },
      { role: "user", content: [null, 1, { type: "text" }] },
    ])
      expect(of(odd)).toBeNull();
    expect(of()).toBeNull();
    expect(userPromptText([encoder.encode("{broken")])).toBeNull();
  });
});
