/** Reads a stream of server-sent events as a browser's EventSource does, one event after the other. */
import { WAIT_TIMEOUT_MS } from "./timeouts.ts";

export interface SentEvent {
  id: string;
  event: string;
  data: unknown;
}

export type EventReader = ReturnType<typeof readEvents>;

export function readEvents(body: ReadableStream<Uint8Array>) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let buffer = "";
  let comments = 0;
  const events: SentEvent[] = [];

  const parse = () => {
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop()!;
    for (const block of blocks) {
      const lines = block.split("\n");
      comments += lines.filter((line) => line.startsWith(":")).length;
      const field = (name: string) =>
        lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      const data = field("data");
      if (data !== undefined)
        events.push({
          id: field("id") ?? "",
          event: field("event") ?? "",
          data: JSON.parse(data) as unknown,
        });
    }
  };

  return {
    /** The next event; undefined at the end of the stream. Rejects after `timeoutMs`. */
    async next(timeoutMs = WAIT_TIMEOUT_MS): Promise<SentEvent | undefined> {
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<never>((_, reject) => {
        timer = setTimeout(() => reject(new Error(`no event within ${timeoutMs} ms`)), timeoutMs);
      });
      try {
        while (events.length === 0) {
          const { done, value } = await Promise.race([reader.read(), late]);
          if (done) return undefined;
          buffer += decoder.decode(value, { stream: true });
          parse();
        }
        return events.shift();
      } finally {
        clearTimeout(timer);
      }
    },
    /** Comments so far, heartbeats among them. */
    comments: () => comments,
    cancel: () => reader.cancel(),
  };
}
