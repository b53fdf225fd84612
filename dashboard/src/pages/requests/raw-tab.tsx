/** Raw JSON of both sides as folding trees; a search opens what it finds. */
import type { RequestDetail } from "../../../../workers/schemas/api/requests.ts";
import { JsonTree } from "../../components/transcript/json-tree.tsx";
import { PlainText } from "../../components/transcript/long-text.tsx";
import { CopyButton } from "../../components/ui/values.tsx";

/** A copy button carries its text in the page up to this; the request's is fetched. */
const MAX_COPY_CHARACTERS = 4_000;

/** Bytes of the trees of request and response, and of usage: with the rest of the page less than 100 KB. */
const REQUEST_HTML_BYTES = 36_000;
const RESPONSE_HTML_BYTES = 24_000;
const USAGE_HTML_BYTES = 8_000;

export function RawTab({ detail }: { detail: RequestDetail }) {
  const id = detail.requestId;
  return (
    <div class="raw">
      <div class="json-search" data-json-search hidden role="search">
        <label>
          <span class="visually-hidden">Search the JSON</span>
          <input type="search" placeholder="Search keys and values" maxlength={200} autocomplete="off" />
        </label>
        <span class="mute" data-json-found role="status"></span>
        <span class="json-folds">
          <button type="button" class="quiet" data-json-fold="open">
            Expand all
          </button>
          <button type="button" class="quiet" data-json-fold="close">
            Collapse all
          </button>
        </span>
      </div>
      <JsonCard
        title="Request"
        value={detail.requestBody}
        rawHref={`/api/requests/${id}/body`}
        closed={["tools", "system"]}
        copyFrom={`/api/requests/${id}/body`}
        htmlBytes={REQUEST_HTML_BYTES}
      />
      <JsonCard
        title="Response"
        value={detail.responseBody}
        rawHref={`/api/requests/${id}/response`}
        htmlBytes={RESPONSE_HTML_BYTES}
      />
      {detail.usageData && (
        <JsonCard
          title="Usage"
          value={detail.usageData}
          rawHref={`/api/requests/${id}`}
          htmlBytes={USAGE_HTML_BYTES}
        />
      )}
    </div>
  );
}

interface JsonCardProps {
  title: string;
  value: unknown;
  rawHref: string;
  closed?: readonly string[];
  /** Where the very bytes are. */
  copyFrom?: string;
  htmlBytes: number;
}

function JsonCard({ title, value, rawHref, closed = [], copyFrom, htmlBytes }: JsonCardProps) {
  const budget = { left: htmlBytes };
  const text = value === null || value === undefined ? "" : JSON.stringify(value, null, 2);
  return (
    <section class="card">
      <h2>
        {title}
        {text !== "" && (copyFrom ?? text.length <= MAX_COPY_CHARACTERS) && (
          <CopyButton {...(copyFrom ? { from: copyFrom } : { text })} label={`${title.toLowerCase()} JSON`} />
        )}
      </h2>
      {value === null || value === undefined ? (
        <p class="mute">Not recorded.</p>
      ) : typeof value === "string" ? (
        <PlainText text={value} collapseAt={2_000} context={{ rawHref, budget }} />
      ) : (
        <JsonTree value={value} rawHref={rawHref} open={2} closed={closed} html={budget} />
      )}
    </section>
  );
}
