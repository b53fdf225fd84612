import type {
  BetaContentBlock,
  BetaContentBlockParam,
  BetaMessage,
  BetaMessageParam,
  BetaRawMessageStreamEvent,
  BetaUsage,
  MessageCreateParams,
} from "@anthropic-ai/sdk/resources/beta/messages";
import { expect, expectTypeOf, it } from "vitest";
import type { z } from "zod";
import { ContentBlock, Message, MessagesRequest, StreamEvent, Usage } from "./anthropic.ts";

it("takes what the SDK's types describe", () => {
  expectTypeOf<BetaContentBlock | BetaContentBlockParam>().toExtend<
    Pick<z.input<typeof ContentBlock>, "type">
  >();
  expectTypeOf<BetaMessage["role"] | BetaMessageParam["role"]>().toExtend<z.input<typeof Message>["role"]>();
  expectTypeOf<MessageCreateParams["model"]>().toExtend<z.input<typeof MessagesRequest>["model"]>();
  expectTypeOf<BetaRawMessageStreamEvent>().toExtend<Pick<z.input<typeof StreamEvent>, "type">>();
  expectTypeOf<BetaUsage["input_tokens"]>().toExtend<z.input<typeof Usage>["input_tokens"]>();
});

it("keeps members, blocks and counts it does not know", () => {
  const request = {
    model: "claude-opus-5-5",
    messages: [{ role: "user", content: [{ type: "tomorrow", value: 1 }], later: true }],
    system: "s",
    later: { a: 1 },
  };
  expect(MessagesRequest.parse(request)).toEqual(request);
  const usage = { input_tokens: 1, cache_creation: null, later_tokens: 2 };
  expect(Usage.parse(usage)).toEqual(usage);
  expect(StreamEvent.parse({ type: "later", data: 1 })).toEqual({ type: "later", data: 1 });
});
