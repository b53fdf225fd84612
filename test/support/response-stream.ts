/** Writes an assistant message as the event stream in which the Messages API would have sent it. */

export type Block = Record<string, unknown> & { type: string };

/** The whole stream as text; deltas of `deltaCharacters` (default 40). `usage` is the input side, as message_start carries it. */
export function responseStream(
  { content }: { content: readonly Block[] },
  {
    id,
    model,
    usage,
    deltaCharacters = 40,
  }: { id: string; model: string; usage: Record<string, number>; deltaCharacters?: number },
): string {
  const message = {
    id,
    type: "message",
    role: "assistant",
    model,
    content: [],
    stop_reason: null,
    usage: { ...usage, output_tokens: 1 },
  };
  const events: Block[] = [{ type: "message_start", message }];
  content.forEach((block, index) => {
    const { start, deltas } = streamed(block, deltaCharacters);
    events.push({ type: "content_block_start", index, content_block: start });
    events.push(...deltas.map((delta) => ({ type: "content_block_delta", index, delta })));
    events.push({ type: "content_block_stop", index });
  });
  const stopReason = content.some(({ type }) => type === "tool_use") ? "tool_use" : "end_turn";
  const delta = { stop_reason: stopReason, stop_sequence: null };
  const outputTokens = Math.ceil(JSON.stringify(content).length / 4);
  events.push({ type: "message_delta", delta, usage: { output_tokens: outputTokens } });
  events.push({ type: "message_stop" });
  return events.map((event) => `event: ${event.type}\ndata: ${JSON.stringify(event)}\n\n`).join("");
}

function streamed(block: Block, deltaCharacters: number): { start: Block; deltas: Block[] } {
  const parts = (text: string) => text.match(new RegExp(`.{1,${deltaCharacters}}`, "gsu")) ?? [];
  switch (block.type) {
    case "text": {
      const deltas = parts(String(block.text)).map((text) => ({ type: "text_delta", text }));
      return { start: { ...block, text: "" }, deltas };
    }
    case "thinking": {
      const deltas: Block[] = parts(String(block.thinking)).map((thinking) => ({
        type: "thinking_delta",
        thinking,
      }));
      deltas.push({ type: "signature_delta", signature: block.signature });
      return { start: { ...block, thinking: "", signature: "" }, deltas };
    }
    default: {
      const json = JSON.stringify(block.input);
      const deltas = parts(json).map((partial_json) => ({ type: "input_json_delta", partial_json }));
      return { start: { ...block, input: {} }, deltas };
    }
  }
}
