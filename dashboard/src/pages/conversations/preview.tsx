/** /conversations/:id/preview: the last exchange of a conversation as a fragment, for the card beside a row of the list. */
import type { Transcript } from "../../../../workers/schemas/api/conversations.ts";
import type { Result } from "../../api/client.ts";
import { UntrustedText } from "../../components/ui/values.tsx";
import { formatCount } from "../../format/number.ts";
import { messageOf } from "../../transcript/blocks.ts";
import { type TranscriptEntry, isUserMessage, pairTools } from "../../transcript/pair-tools.ts";

const MAX_TEXT_CHARACTERS = 420;

export function ConversationPreview({ transcript }: { transcript: Result<Transcript> }) {
  if (!transcript.ok) return <p class="mute">The last exchange is unavailable right now.</p>;
  const { messages, total } = transcript.data;
  const entries = pairTools(messages.map(messageOf)).filter(({ isMerged }) => !isMerged);
  const person = entries.findLast(isUserMessage);
  const response = entries.findLast((entry) => entry.role === "assistant" && entry !== person);
  if (!person && !response) return <p class="mute">The last exchange was not recorded.</p>;
  return (
    <>
      {person && <PreviewMessage name="You" entry={person} />}
      {response && <PreviewMessage name="Claude" entry={response} />}
      <p class="mute">{formatCount(total, "message")} total</p>
    </>
  );
}

function PreviewMessage({ name, entry }: { name: string; entry: TranscriptEntry }) {
  const text = entry.items
    .map((item) => (item.kind === "text" ? item.text : ""))
    .join(" ")
    .trim();
  const calls = entry.items.flatMap((item) => (item.kind === "call" ? [item.use.name] : []));
  return (
    <p>
      <strong>{name}</strong>{" "}
      {text !== "" ? (
        <UntrustedText text={text} length={MAX_TEXT_CHARACTERS} />
      ) : (
        <span class="mute">
          {calls.length > 0 ? <UntrustedText text={`Calls ${calls.join(", ")}`} length={120} /> : "No text"}
        </span>
      )}
    </p>
  );
}
