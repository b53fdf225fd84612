/** /requests/:id: one exchange. Facts first, then the conversation it carried; raw JSON, headers and stream behind tabs. */
import type { RequestDetail } from "../../../../workers/schemas/api/requests.ts";
import type { SparkFeedback } from "../../api/spark.ts";
import { TimingBar } from "../../charts/timing-bar.tsx";
import { Tabs } from "../../components/ui/tabs.tsx";
import { Icon } from "../../components/ui/icon.tsx";
import { linkTo } from "../../context/filters.ts";
import { formatBytes } from "../../format/number.ts";
import { statusInfo } from "../../components/ui/values.tsx";
import type { View } from "../../context/view.ts";
import { ConversationTab } from "./conversation-tab.tsx";
import { RequestSummary } from "./summary.tsx";
import { HeadersTab } from "./headers-tab.tsx";
import { RawTab } from "./raw-tab.tsx";
import { StreamTab, type StreamBytes } from "./stream-tab.tsx";

const TABS = [
  ["conversation", "Conversation"],
  ["raw", "Raw JSON"],
  ["headers", "Headers"],
  ["stream", "Stream"],
] as const;
export type RequestTab = (typeof TABS)[number][0];

export function requestTab(view: View): RequestTab {
  return TABS.find(([key]) => key === view.query.tab)?.[0] ?? "conversation";
}

interface Props {
  view: View;
  detail: RequestDetail;
  /** Loaded for the stream tab only. */
  stream: StreamBytes | null;
  /** Null without recommendations. */
  sparkFeedback: SparkFeedback | null;
}

export function RequestPage({ view, detail, stream, sparkFeedback }: Props) {
  const tab = requestTab(view);
  const path = `/requests/${detail.requestId}`;
  return (
    <>
      <OutcomeNotes detail={detail} />
      <TimingBar row={detail} />
      <RequestSummary detail={detail} view={view} />
      <div class="tab-row">
        <Tabs
          label="Request details"
          active={tab}
          tabs={TABS.map(([key, label]) => ({
            key,
            label,
            href: linkTo(path, view.filters, { tab: key === "conversation" ? null : key }),
          }))}
        />
        <span class="downloads">
          <Download detail={detail} part="body" label="Request" bytes={detail.requestBytes} />
          <Download detail={detail} part="response" label="Response" bytes={detail.responseBytes} />
        </span>
      </div>
      {tab === "conversation" && (
        <ConversationTab detail={detail} view={view} sparkFeedback={sparkFeedback} />
      )}
      {tab === "raw" && <RawTab detail={detail} />}
      {tab === "headers" && <HeadersTab detail={detail} />}
      {tab === "stream" && stream && <StreamTab detail={detail} stream={stream} view={view} />}
    </>
  );
}

/** Notes on the outcome, unless the request completed without any. */
function OutcomeNotes({ detail }: { detail: RequestDetail }) {
  const info = statusInfo(detail);
  const notes = [
    info.tone !== "good" && info.description,
    detail.usagePartial && "The final token count was not received; the counts below are minimums.",
    detail.bodyTruncated && "The request exceeds the recording limit; only its beginning is stored.",
    detail.unread === "too_large" &&
      "A body is larger than what Nexus reads; it is stored, but tokens, prompt or conversation may be missing.",
    detail.unread === "failed" &&
      "Three attempts to read the bodies failed; they are stored, but tokens, prompt and conversation are missing.",
    detail.responseTruncated && "The response exceeds the recording limit; only its beginning is stored.",
    detail.bodyMasked && "A secret in the request was masked before it was stored.",
    detail.requestBodyState === "removed" && "The request body was deleted.",
    detail.responseBodyState === "removed" && "The response body was deleted.",
  ].filter((note): note is string => typeof note === "string");
  if (notes.length === 0) return null;
  const tone = info.tone === "good" ? "mute" : info.tone;
  return (
    <div class={`callout ${tone}`} role="note">
      <Icon name={info.tone === "good" ? "alert" : info.icon} />
      <div>
        {notes.map((note) => (
          <p>{note}</p>
        ))}
        {detail.error && info.tone !== "good" && (
          <p>
            <bdi dir="auto" class="error-text">
              {detail.error.slice(0, 1_000)}
            </bdi>
          </p>
        )}
      </div>
    </div>
  );
}

interface DownloadProps {
  detail: RequestDetail;
  part: "body" | "response";
  label: string;
  bytes: number;
}

function Download({ detail, part, label, bytes }: DownloadProps) {
  const state = part === "body" ? detail.requestBodyState : detail.responseBodyState;
  if (state === "none" || state === "removed" || bytes === 0) return null;
  return (
    <a class="button quiet" href={`/api/requests/${detail.requestId}/${part}`} download>
      <Icon name="download" /> {label} <span class="mute">{formatBytes(bytes)}</span>
    </a>
  );
}
