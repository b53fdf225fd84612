/** Words of the interface for analyses: providers, statuses, values of results, and kinds of failures. */
import type {
  AnalysisFailureCode,
  AnalysisProvider,
  AnalysisResult,
  AnalysisStatus,
} from "../../../../workers/schemas/analysis.ts";
import { capitalize } from "../../format/text.ts";
import { Icon, type IconName } from "../ui/icon.tsx";

const PROVIDERS: Readonly<Record<AnalysisProvider, string>> = {
  gemini: "Google Gemini",
  claude: "Anthropic Claude",
};

/** "Google Gemini (gemini-3.8-flash)": who reads a conversation. */
export function ProviderName({ provider, model }: { provider: AnalysisProvider; model: string }) {
  return (
    <>
      {PROVIDERS[provider]} (<bdi>{model}</bdi>)
    </>
  );
}

/** What a provider receives once analysis is on. */
export const WHAT_LEAVES =
  "the text of conversations that are analyzed: messages, tool inputs and results, the long ones shortened. Secrets and personal data that are recognized are masked first";

interface StatusLook {
  text: string;
  icon: IconName;
  tone: "good" | "error" | "mute" | "busy";
}
const STATUSES: Readonly<Record<AnalysisStatus, StatusLook>> = {
  pending: { text: "Queued", icon: "clock", tone: "mute" },
  processing: { text: "Running", icon: "activity", tone: "busy" },
  completed: { text: "Completed", icon: "check", tone: "good" },
  failed: { text: "Failed", icon: "cross", tone: "error" },
};
export const STATUS_LABELS: Readonly<Record<AnalysisStatus, string>> = {
  pending: STATUSES.pending.text,
  processing: STATUSES.processing.text,
  completed: STATUSES.completed.text,
  failed: STATUSES.failed.text,
};

export function AnalysisStatusBadge({ status }: { status: AnalysisStatus }) {
  // A newer Worker may have other statuses.
  const known = Object.hasOwn(STATUSES, status) ? STATUSES[status] : null;
  const { text, icon, tone } = known ?? { text: valueLabel(status), icon: "alert", tone: "mute" };
  return (
    <span class={`status ${tone}`}>
      <Icon name={icon} />
      {text}
    </span>
  );
}

export const SENTIMENTS: Readonly<Record<AnalysisResult["sentiment"], string>> = {
  positive: "Positive",
  neutral: "Neutral",
  mixed: "Mixed",
  negative: "Negative",
};

/** "needs_improvement" → "Needs improvement". */
export const valueLabel = (value: string) => capitalize(value.replaceAll("_", " "));

/** Headline of each kind of failure; its message says what to do. */
const FAILURES: Readonly<Record<AnalysisFailureCode, string>> = {
  blocked: "The provider refused this conversation",
  domain_off: "Analysis was turned off",
  interrupted: "The attempt was interrupted",
  invalid_response: "The provider's response could not be read",
  invalid_result: "The response did not have the expected form",
  key_rejected: "The provider rejected the key",
  model_gone: "The model is gone",
  no_branch: "The branch is part of another one",
  no_output_config: "The model does not take the form of the result",
  not_called: "The transcript took too long to prepare",
  not_prepared: "The transcript could not be read",
  no_transcript: "No messages are recorded",
  not_configured: "No key is configured",
  over_budget: "The daily budget does not cover it",
  provider_error: "The provider failed",
  quota_day: "The provider's daily quota is used up",
  rate_limited: "The provider limits the rate",
  rejected: "The provider rejected the request",
  response_cut: "The response reached its limit of tokens",
  response_too_large: "The response is too large",
  stuck: "It neither ran nor started",
  timeout: "The provider took too long",
  too_long: "The conversation is too long for the model",
  unexpected_end: "The response ended unexpectedly",
  unreachable: "The provider is not reachable",
};

/** A newer Worker may have other codes. */
export const failureLabel = (code: string) =>
  Object.hasOwn(FAILURES, code) ? FAILURES[code as AnalysisFailureCode] : valueLabel(code);
