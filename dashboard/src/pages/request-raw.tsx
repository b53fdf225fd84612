/** Raw JSON of both sides as folding trees; the browser's own search opens what it finds. */
import type { RequestDetail } from "../api/types.ts";
import { JsonTree } from "../components/json-tree.tsx";
import { PlainText } from "../components/long-text.tsx";
import { CopyButton } from "../components/values.tsx";

/** A copy button carries its text in the page, so there is none for more than this. */
const MAX_COPY_CHARACTERS = 30_000;

export function RawTab({ detail }: { detail: RequestDetail }) {
  const id = detail.requestId;
  return (
    <div class="raw">
      <Part
        title="Request"
        value={detail.requestBody}
        rawHref={`/api/requests/${id}/body`}
        closed={["tools", "system"]}
      />
      <Part title="Answer" value={detail.responseBody} rawHref={`/api/requests/${id}/response`} />
      {detail.usageData && <Part title="Usage" value={detail.usageData} rawHref={`/api/requests/${id}`} />}
      {detail.streamingChunks.length > 0 && (
        <Part title="Timed chunks" value={detail.streamingChunks} rawHref={`/api/requests/${id}`} />
      )}
    </div>
  );
}

interface PartProps {
  title: string;
  value: unknown;
  rawHref: string;
  closed?: readonly string[];
}

function Part({ title, value, rawHref, closed = [] }: PartProps) {
  const text = value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
  return (
    <section class="card">
      <h2>
        {title}
        {text !== "" && text.length <= MAX_COPY_CHARACTERS && (
          <CopyButton text={text} label={`the JSON of ${title.toLowerCase()}`} />
        )}
      </h2>
      {value === null || value === undefined ? (
        <p class="mute">Nothing recorded.</p>
      ) : typeof value === "string" ? (
        <PlainText text={value} foldAt={2_000} rawHref={rawHref} />
      ) : (
        <JsonTree value={value} rawHref={rawHref} open={2} closed={closed} />
      )}
    </section>
  );
}
