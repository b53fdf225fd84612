import { describe, expect, test } from "vitest";
import { loadRecordings } from "../../../test/support/recordings.ts";
import { requestType } from "./request-type.ts";

const user = (content: unknown) => ({ role: "user", content });
const text = (text: string) => ({ type: "text", text });
const ofMessages = (body: Record<string, unknown> | null) => requestType("messages", body);

describe("requestType", () => {
  test("is the endpoint's name for everything but messages", () => {
    expect(requestType("count_tokens", { messages: [user("quota")] })).toBe("count_tokens");
    expect(requestType("models", null)).toBe("models");
    expect(requestType("other", {})).toBe("other");
  });

  test.each([
    [user("quota")],
    [user("  QUOTA\n")],
    [user([text("quota")])],
    [user([text("Quota "), { type: "image", source: {} }])],
  ])("is quota when the last user message is just that word: %j", (message) => {
    expect(ofMessages({ messages: [user("hello"), message], system: [text("a"), text("b")] })).toBe("quota");
  });

  test("is quota by the last user message, not by the last message", () => {
    const after = [
      { role: "assistant", content: "ok" },
      { role: "system", content: "note" },
    ];
    expect(ofMessages({ messages: [user("quota"), ...after] })).toBe("quota");
    expect(ofMessages({ messages: [user("quota"), user("no")] })).toBe("query_evaluation");
  });

  test.each([
    [user("quota?")],
    [user([text("quota"), text("quota")])],
    [user([{ type: "image" }])],
    [user("")],
  ])("is not quota for %j", (message) => {
    expect(ofMessages({ messages: [message] })).toBe("query_evaluation");
  });

  test.each([
    [undefined, 0, "query_evaluation"],
    ["one text", 0, "query_evaluation"],
    ["", 1, "inference"],
    [[], 0, "query_evaluation"],
    [[text("a")], 0, "query_evaluation"],
    [[text("a")], 1, "inference"],
    [[text("a"), text("b")], 0, "inference"],
    [undefined, 1, "query_evaluation"],
    [undefined, 2, "inference"],
    [{ odd: true }, 1, "query_evaluation"],
  ])("counts system %j and %d system entries to %s", (system, entries, expected) => {
    const messages = [user("hi"), ...new Array<unknown>(entries).fill({ role: "system", content: [] })];
    expect(ofMessages({ system, messages })).toBe(expected);
  });

  test.each([
    [null],
    [{}],
    [{ messages: null }],
    [{ messages: "quota" }],
    [{ messages: [null, 3, "quota", []] }],
    [
      {
        messages: [{ role: "user" }, { role: "user", content: [null, { type: "text", text: 5 }] }],
        system: 7,
      },
    ],
  ])("bears the odd body %j", (body) => {
    expect(ofMessages(body as Record<string, unknown> | null)).toBe("query_evaluation");
  });

  test("sees a query evaluation or an inference in every recorded request, by its system blocks", () => {
    for (const { request } of loadRecordings()) {
      const blocks = (request.body["system"] as unknown[]).length;
      const entries = (request.body["messages"] as { role: string }[]).filter(
        ({ role }) => role === "system",
      ).length;
      expect(ofMessages(request.body)).toBe(blocks + entries >= 2 ? "inference" : "query_evaluation");
    }
  });
});
