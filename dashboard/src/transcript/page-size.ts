/** How much of a transcript one page carries: a first screen is to be small, the rest is a click away. */
import type { Transcript } from "../../../workers/schemas/api/conversations.ts";

/** Characters of messages, as JSON, that a page takes. The API's own pages are larger. */
const MAX_PAGE_CHARACTERS = 32_000;
/** What a message costs however short it is: who, when, its ways to others. */
const MESSAGE_OVERHEAD = 300;

/** `transcript` with as many of its messages as fit (one at least); its cursor then leads to the next. */
export function limitTranscript(transcript: Transcript, maxCharacters = MAX_PAGE_CHARACTERS): Transcript {
  let left = maxCharacters;
  const { messages } = transcript;
  const cut = messages.findIndex((message, n) => {
    left -= MESSAGE_OVERHEAD + JSON.stringify(message.content ?? null).length;
    return n > 0 && left < 0;
  });
  if (cut === -1) return transcript;
  return { ...transcript, messages: messages.slice(0, cut), nextCursor: messages[cut]!.position };
}
