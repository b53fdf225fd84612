/**
 * Every function over texts of clients and upstream takes time proportional to their size: one request otherwise stalls every
 * stream of its isolate. Each function of the table is called with every hostile shape at growing sizes. A function of
 * `workers/domain` or of the dashboard's transcript that takes more than numbers is in the table, or is exempt with a reason.
 */
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import {
  languageOfPath,
  createHighlighter,
  highlightNumbered,
} from "../../dashboard/src/transcript/highlight.ts";
import {
  cutAt,
  countLines,
  oneLine,
  printable,
  shortId,
  capitalize,
} from "../../dashboard/src/format/text.ts";
import * as blocks from "../../dashboard/src/transcript/blocks.ts";
import { collapseText, MAX_TEXT_CHARACTERS } from "../../dashboard/src/transcript/collapse.ts";
import { alignEntries, commonPrefixLength } from "../../dashboard/src/transcript/compare.ts";
import { diffLines, diffWords } from "../../dashboard/src/transcript/diff.ts";
import { entryMarkdown, headMarkdown } from "../../dashboard/src/transcript/export.ts";
import { spendBudget } from "../../dashboard/src/transcript/html-budget.ts";
import { drawableImage } from "../../dashboard/src/transcript/image.ts";
import { renderParts } from "../../dashboard/src/transcript/markdown.ts";
import { isUserMessage, pairTools, withoutTools } from "../../dashboard/src/transcript/pair-tools.ts";
import { sparkSessions } from "../../dashboard/src/transcript/recommendations.ts";
import { eventSummary, parseStream } from "../../dashboard/src/transcript/sse.ts";
import { toolSummary } from "../../dashboard/src/transcript/tool-summary.ts";
import { summarizeMessage } from "../../workers/domain/alerts/message-summary.ts";
import { slackPayload } from "../../workers/domain/alerts/slack-payload.ts";
import { allowedWebhook } from "../../workers/domain/alerts/webhook-url.ts";
import { readClaudeResponse } from "../../workers/domain/analysis/claude.ts";
import { calibrationOf, estimateTokens, tokenizerOf } from "../../workers/domain/analysis/estimate-tokens.ts";
import { readGeminiResponse } from "../../workers/domain/analysis/gemini.ts";
import { analysisPrompts } from "../../workers/domain/analysis/prompt.ts";
import { readResult } from "../../workers/domain/analysis/result.ts";
import { contentText, prepareTranscript } from "../../workers/domain/analysis/transcript.ts";
import { identify } from "../../workers/domain/auth/access-identity.ts";
import { requiredRole } from "../../workers/domain/auth/permissions.ts";
import { throttleKey } from "../../workers/domain/auth/key-throttle.ts";
import { finish } from "../../workers/domain/steps.ts";
import { maskLenient } from "../../workers/domain/content/mask-secrets.ts";
import { PrefixCache } from "../../workers/domain/content/prefix-cache.ts";
import {
  assistantElement,
  rebuildBody,
  splitBody,
  unsplitInSteps,
} from "../../workers/domain/content/split-body.ts";
import { decodeCursor } from "../../workers/domain/cursor.ts";
import { isExchangeId, startedAtOf } from "../../workers/domain/exchange-id.ts";
import { fenced, labelOf, quoteMarks, visibleText } from "../../workers/domain/fence.ts";
import * as coding from "../../workers/domain/http/content-coding.ts";
import { isFromOtherSite, preflightHeaders } from "../../workers/domain/http/cors.ts";
import { endpointOf, hasNoBody } from "../../workers/domain/http/endpoint.ts";
import { cachedByText } from "../../workers/domain/cached-by-text.ts";
import * as forwarded from "../../workers/domain/http/forwarded-headers.ts";
import { domainOfHost, isLoopbackName } from "../../workers/domain/http/host.ts";
import * as paths from "../../workers/domain/http/paths.ts";
import * as storedHeaders from "../../workers/domain/http/stored-headers.ts";
import { clientName, clientParts } from "../../workers/domain/http/user-agent.ts";
import {
  isTooLarge,
  parseJson,
  parseJsonBytes,
  storableJson,
  unknownMembers,
} from "../../workers/domain/json/json.ts";
import { sideTextIn, workingDirectoryIn } from "../../workers/domain/linking/evidence/client-texts.ts";
import {
  isCompactAskText,
  offeredSummary,
  wantedSummaries,
} from "../../workers/domain/linking/evidence/compaction.ts";
import { linkableRequest, requestEvidence } from "../../workers/domain/linking/evidence/linkable-request.ts";
import { normalizeText } from "../../workers/domain/linking/evidence/normalize-text.ts";
import { systemHashOf, systemTextsOf } from "../../workers/domain/linking/evidence/system-prompt.ts";
import * as tasks from "../../workers/domain/linking/evidence/tasks.ts";
import { itemsOf, type Run, transcriptOf } from "../../workers/domain/linking/evidence/transcript.ts";
import { resumeFrom } from "../../workers/domain/live-stream.ts";
import { assembleStream } from "../../workers/domain/messages/assemble-stream.ts";
import * as clientIds from "../../workers/domain/messages/client-ids.ts";
import { clipMessage, previewContent } from "../../workers/domain/messages/clip-message.ts";
import * as content from "../../workers/domain/messages/content.ts";
import { countRequests, readBatch } from "../../workers/domain/messages/batch-results.ts";
import { claudeVersion, isModel, isSameModel, namesLargeContext } from "../../workers/domain/model-id.ts";
import { contextWindow } from "../../workers/domain/messages/context-window.ts";
import { replaceElements } from "../../workers/domain/messages/elements.ts";
import { messageText, readError } from "../../workers/domain/messages/error-body.ts";
import { estimateOutputTokens } from "../../workers/domain/messages/estimate-output-tokens.ts";
import { readObjectHead } from "../../workers/domain/messages/partial-json.ts";
import { readRequest } from "../../workers/domain/messages/read-request.ts";
import { readResponse } from "../../workers/domain/messages/read-response.ts";
import { splitReminders, withoutReminders } from "../../workers/domain/messages/reminders.ts";
import { requestType } from "../../workers/domain/messages/request-type.ts";
import { sseEvents } from "../../workers/domain/messages/sse.ts";
import { countToolCalls } from "../../workers/domain/messages/tool-calls.ts";
import { promptTexts, userPromptText } from "../../workers/domain/messages/user-prompt.ts";
import { readPastedCode } from "../../workers/domain/oauth/login.ts";
import { readTokenResponse } from "../../workers/domain/oauth/protocol.ts";
import { priceExchange } from "../../workers/domain/pricing/price.ts";
import { findRates } from "../../workers/domain/pricing/rates.ts";
import { readPrompts } from "../../workers/domain/prompts/assemble-prompts.ts";
import { readPrompt } from "../../workers/domain/prompts/read-prompt.ts";
import { promptLibrary } from "../../workers/domain/prompts/render-prompt.ts";
import { readOpinion, readSparkResponse } from "../../workers/domain/spark/feedback.ts";
import { readRecommendation, SPARK_TOOL } from "../../workers/domain/spark/recommendation.ts";
import { maskPersonalData } from "../../workers/domain/masking/personal-data.ts";
import * as redaction from "../../workers/domain/masking/redact.ts";
import { findTerms, parseQuery, toTsquery } from "../../workers/domain/search/query.ts";
import { snippetAround } from "../../workers/domain/search/snippet.ts";
import { searchText } from "../../workers/domain/search/text.ts";
import { clipTerm, gramsOfRun, indexTerms, tokenize } from "../../workers/domain/search/tokenize.ts";
import { readTemplate } from "../../workers/domain/templates/read-template.ts";
import { renderTemplate } from "../../workers/domain/templates/render-template.ts";
import { MAX_TEMPLATE_CHARACTERS } from "../../workers/schemas/prompt.ts";
import { plainText, truncate } from "../../workers/domain/truncate.ts";
import * as usage from "../../workers/domain/usage/token-usage.ts";
import { bindingWindow, readLimits, windowLength } from "../../workers/domain/windows/rate-limit-headers.ts";
import { errorEvent, messageEvent } from "../support/alert-events.ts";
import {
  BODY_SHAPES,
  bodyWith,
  bytesOf,
  CONTENT_SHAPES,
  RESPONSE_SHAPES,
  TEXT_SHAPES,
} from "../support/hostile-shapes.ts";

const root = join(import.meta.dirname, "../..");

/** `npm run soak` sets SOAK and takes larger inputs. */
const SCALE = process.env["SOAK"] ? 4 : 1;
/** Characters of a text. Quadratic code takes over 6 ms. */
const SIZE = 12_000 * SCALE;
/** Parts of a content, body or response; a multiple of 64. */
const PARTS = 4_096 * SCALE;
/** Milliseconds of CPU time that need no second look; quadratic code takes 16 times as long for four times the size. */
const UNSUSPICIOUS_MS = 4 * SCALE ** 2;
/** Four times the size, two doublings, takes four times as long; of quadratic code 16 times. */
const MAX_GROWTH = 11;
const ATTEMPTS = 5;
/** More arguments than a call can take on a stack of which about RESERVED_BYTES are left. */
const MANY = 40_000;
const RESERVED_BYTES = 200_000;
const ARGUMENT_BYTES = 8;

/** Milliseconds of CPU time of the fastest of `runs` calls: other programs do not count. */
function fastest(runs: number, call: () => unknown): number {
  let best = Infinity;
  for (let run = 0; run < runs; run++) {
    const started = process.cpuUsage();
    call();
    const { user, system } = process.cpuUsage(started);
    best = Math.min(best, (user + system) / 1_000);
  }
  return best;
}

/** How many times longer four times the size takes: the least over several attempts, for the collector runs at times. 0: quick. */
function growth<T>(call: (input: T) => unknown, make: (size: number) => T, size: number): number {
  const input = make(size);
  const first = fastest(1, () => call(input));
  if (first <= UNSUSPICIOUS_MS) return 0;
  if (leastGrowth(call, make(size / 4), input, first) <= MAX_GROWTH) return 0;
  // Not a step: above some size, texts are checked before they are parsed.
  const least = leastGrowth(call, input, make(size * 4));
  return least > MAX_GROWTH ? least : 0;
}

/** `first`: milliseconds that the call with `input` has taken already. */
function leastGrowth<T>(call: (input: T) => unknown, quarter: T, input: T, first?: number): number {
  let least = Infinity;
  for (let attempt = 0; attempt < ATTEMPTS && least > MAX_GROWTH; attempt++) {
    const ms = (attempt === 0 ? first : undefined) ?? fastest(1, () => call(input));
    if (ms <= UNSUSPICIOUS_MS) return 0;
    least = Math.min(
      least,
      ms /
        Math.max(
          0.1,
          fastest(3, () => call(quarter)),
        ),
    );
  }
  return least;
}

/** Calls `call` with RESERVED_BYTES of the stack left, where fewer arguments are too many than on an empty one (about 120,000). */
function onShortStack(call: () => void): void {
  const step = Array.from({ length: 1_000 }, () => 0);
  const descend = (levels: number, then: () => void, ..._step: number[]): void => {
    if (levels > 0) descend(levels - 1, then, ...step);
    else then();
  };
  const isDeepEnough = (levels: number) => {
    try {
      descend(levels, () => undefined);
      return false;
    } catch {
      return true;
    }
  };
  let levels = 0;
  while (!isDeepEnough(levels + 1)) levels++;
  descend(levels - Math.ceil(RESERVED_BYTES / ARGUMENT_BYTES / step.length), call);
}

type Calls<T> = Record<string, (input: T) => unknown>;

const drain = (items: Iterable<unknown>) => {
  for (const item of items) void item;
};
const header = (value: string) => new Headers({ "x-a": value.replace(/[^\t\x20-\x7e]/g, "a") });
const errorBody = (message: string) => JSON.stringify({ error: { message } });
const QUERY = parseQuery('word aaaa "a b a c" 漢漢 ab+c');
const CREDENTIAL = { authorization: "a", "anthropic-beta": "oauth-2025-04-20" };
const userRun = (value: unknown): Run => ({ isAssistant: false, items: itemsOf(value) });
const isHeader = (text: string) => !/[^\t\x20-\x7e]/.test(text);
const withHeader = (name: string, text: string) => new Headers(isHeader(text) ? { [name]: text } : {});

/** Functions over a text; the keys name them as `path#function,function`, below `workers/domain` or `dashboard/src`. */
const OVER_TEXT: Calls<string> = {
  "alerts/slack-payload.ts#slackPayload": (text) => {
    const once = { count: 0, isSummary: false };
    const style = { dashboardUrl: "https://a", content: "full" } as const;
    slackPayload(messageEvent({ userText: text, answerText: text }), once, style);
    slackPayload(errorEvent({ message: text, errorType: text, model: text }), once, style);
  },
  "alerts/webhook-url.ts#allowedWebhook": (text) =>
    allowedWebhook(`https://${text}`, { SLACK_WEBHOOK_HOSTS: "hooks.slack.com", LOCAL_WORLD: true }),
  "analysis/claude.ts#readClaudeResponse": (text) => readClaudeResponse(500, errorBody(text), "m", text),
  "analysis/estimate-tokens.ts#estimateTokens,tokenizerOf": (text) => [
    estimateTokens(text, "gemini"),
    tokenizerOf(`claude-${text}`),
  ],
  "analysis/gemini.ts#readGeminiResponse": (text) => [
    readGeminiResponse(200, text, "m", 0),
    readGeminiResponse(429, errorBody(text), "m", 0),
    readGeminiResponse(429, errorBody(`retry in ${text}`), "m", 0),
  ],
  "analysis/prompt.ts#analysisPrompts": (text) => {
    const prompts = analysisPrompts({ instructions: "i", system: "{{customPrompt}}{{problem}}" });
    return (
      prompts.ok && [prompts.value.system({ customPrompt: text, problem: text }), prompts.value.user(text)]
    );
  },
  "analysis/result.ts#readResult": (text) => [readResult(text, [1]), readResult(`{${text}}`, [1])],
  "fence.ts#fenced,labelOf,quoteMarks,visibleText": (text) => [
    fenced("a", text),
    labelOf(text),
    quoteMarks(text),
    quoteMarks(text.replaceAll(/\S/g, " ")),
    visibleText(text),
  ],
  "auth/access-identity.ts#identify": (text) =>
    identify(
      { issuer: "i", audience: "a", administrators: new Set() },
      { email: `${text}@a`, common_name: text },
    ),
  "auth/permissions.ts#requiredRole": (text) => requiredRole("GET", `/api/domains/${text}`),
  "auth/key-throttle.ts#throttleKey": throttleKey,
  "content/mask-secrets.ts#maskLenient": (text) => {
    for (const before of [
      '{"a":',
      '{"token":',
      '{"token":"',
      '{"a":"\\"token\\":\\"',
      '"https:\\/\\/',
      "token=",
      '--a name="token"\n\n',
    ])
      finish(maskLenient(bytesOf(before + text)));
  },
  "cursor.ts#decodeCursor": decodeCursor,
  "exchange-id.ts#isExchangeId": isExchangeId,
  "exchange-id.ts#startedAtOf": startedAtOf,
  "http/content-coding.ts#negotiateEncoding": (text) => coding.negotiateEncoding(text, text, text),
  "http/content-coding.ts#upstreamAcceptEncoding": coding.upstreamAcceptEncoding,
  "http/content-coding.ts#acceptsEncoding,codingsOf": (text) => [
    coding.acceptsEncoding(text, text),
    coding.codingsOf(text),
  ],
  "http/cors.ts#preflightHeaders": (text) =>
    preflightHeaders(withHeader("access-control-request-headers", text)),
  "http/cors.ts#isFromOtherSite": (text) => {
    isFromOtherSite(withHeader("origin", text), "a.example", "");
    isFromOtherSite(withHeader("origin", `https://${text}`), "a.example", text);
  },
  "http/endpoint.ts#endpointOf,hasNoBody": (text) => [
    endpointOf("GET", text),
    endpointOf(text, `/v1/agents/${text}/`),
    hasNoBody(text, 200),
  ],
  "http/forwarded-headers.ts#upstreamRequestHeaders": (text) => {
    for (const name of ["connection", "anthropic-beta", "accept-encoding", "authorization"]) {
      forwarded.upstreamRequestHeaders(withHeader(name, text), CREDENTIAL);
      forwarded.upstreamRequestHeaders(withHeader(name, text), null);
    }
  },
  "http/forwarded-headers.ts#hasOnlyOwnKeys": (text) =>
    forwarded.hasOnlyOwnKeys(withHeader("x-api-key", text)),
  "cached-by-text.ts#cachedByText": cachedByText((text) => text.length),
  "http/forwarded-headers.ts#isForwarded": forwarded.isForwarded,
  "http/forwarded-headers.ts#withBeta": (text) => forwarded.withBeta(text, "b"),
  "http/forwarded-headers.ts#clientResponseHeaders": (text) =>
    forwarded.clientResponseHeaders(header(text), { contentEncoding: null, length: null }, "id"),
  "http/host.ts#domainOfHost": (text) => [domainOfHost(text), domainOfHost(`[${text}]:1`)],
  "http/host.ts#isLoopbackName": isLoopbackName,
  "http/paths.ts#rawTarget": (text) => paths.rawTarget(`http://${text}`),
  "http/paths.ts#rawHost": (text) => paths.rawHost(`http://${text}`),
  "http/paths.ts#hasClientKey": (text) => paths.hasClientKey({ path: `/v1/${text}`, query: `?${text}` }),
  "http/paths.ts#isPlainPath": (text) => paths.isPlainPath(`/v1/${text}`),
  "http/paths.ts#isEndpointAllowed": (text) => {
    paths.isEndpointAllowed(`/v1/${text}`, null);
    paths.isEndpointAllowed(text, ["/v1/messages", "/v1/files/*"]);
  },
  "http/paths.ts#carriesCredentials": (text) => paths.carriesCredentials(`/v1/${text}`),
  "http/stored-headers.ts#storedRequestHeaders": (text) =>
    storedHeaders.storedRequestHeaders([
      ["user-agent", text],
      [text, "a"],
    ]),
  "http/stored-headers.ts#storedResponseHeaders": (text) =>
    storedHeaders.storedResponseHeaders([["via", text]]),
  "http/stored-headers.ts#rateLimitHeaders": (text) => storedHeaders.rateLimitHeaders({ [text]: text }),
  "http/user-agent.ts#clientName": clientName,
  "http/user-agent.ts#clientParts": clientParts,
  "json/json.ts#parseJson": (text) => [parseJson(text), parseJson(JSON.stringify(text))],
  "json/json.ts#parseJsonBytes,isTooLarge": (text) => [
    parseJsonBytes(bytesOf(text)),
    isTooLarge([bytesOf(text)]),
  ],
  "json/json.ts#storableJson": (text) => storableJson({ [text]: text }),
  "linking/evidence/client-texts.ts#sideTextIn": (text) => sideTextIn([text, `<system-reminder>${text}`]),
  "linking/evidence/client-texts.ts#workingDirectoryIn": (text) => workingDirectoryIn([text]),
  "linking/evidence/compaction.ts#wantedSummaries": wantedSummaries,
  "linking/evidence/normalize-text.ts#normalizeText": normalizeText,
  "linking/evidence/system-prompt.ts#systemHashOf": (text) => systemHashOf([text]),
  "linking/evidence/tasks.ts#workflowKeysOf": (text) => tasks.workflowKeysOf(text, text),
  "live-stream.ts#resumeFrom": (text) => resumeFrom(text, { newest: 1, kept: 1 }),
  "messages/client-ids.ts#validId": clientIds.validId,
  "messages/client-ids.ts#sessionInHeaders": (text) =>
    clientIds.sessionInHeaders({ "x-claude-code-session-id": text }),
  "messages/client-ids.ts#readSession": (text) => clientIds.readSession({ metadata: { user_id: text } }),
  "messages/client-ids.ts#readDevice": (text) =>
    clientIds.readDevice({ metadata: { user_id: `user_${text}` } }),
  "model-id.ts#claudeVersion,isModel,isSameModel,namesLargeContext": (text) => [
    claudeVersion(`claude-${text}`),
    isModel("m", `m-${text}`),
    isSameModel("m", `m-${text}`),
    namesLargeContext(text),
  ],
  "messages/context-window.ts#contextWindow,knownWindow": (text) => contextWindow(text, 1, text),
  "messages/elements.ts#replaceElements": (text) =>
    ["bash-input", "system-reminder"].map((tag) => replaceElements(text, tag, (inner) => inner)),
  "messages/error-body.ts#messageText": messageText,
  "messages/error-body.ts#readError": (text) => readError({ error: { type: text, message: text } }),
  "messages/partial-json.ts#readObjectHead": (text) => [
    readObjectHead(text),
    readObjectHead(`{"a":"${text}`),
  ],
  "messages/reminders.ts#splitReminders": splitReminders,
  "messages/reminders.ts#withoutReminders": withoutReminders,
  "oauth/login.ts#readPastedCode": (text) => [readPastedCode(text), readPastedCode(`https://${text}`)],
  "oauth/protocol.ts#readTokenResponse": (text) => [
    readTokenResponse(200, text),
    readTokenResponse(200, JSON.stringify({ access_token: "a", scope: text, error: text })),
  ],
  "pricing/rates.ts#findRates,hasPrice": (text) =>
    findRates({
      model: `claude-opus-4-8-${text}`,
      at: new Date(0),
      promptTokens: 1,
      isFast: false,
      isBatch: false,
      isUsGeography: false,
    }),
  "masking/personal-data.ts#maskPersonalData": maskPersonalData,
  "masking/redact.ts#redact,isSecretName,mayBeSecretName,redactQuery,redactForm,isSecretPart,redactUrl": (
    text,
  ) => [
    redaction.redact(text),
    redaction.isSecretName(text),
    redaction.mayBeSecretName(new TextEncoder().encode(text), 0, text.length),
    redaction.redactQuery(`?${text}`),
    redaction.redactForm(`a=${text}`),
    redaction.redactForm(`--${text}`),
    redaction.isSecretPart(`name="${text}`),
    redaction.redactUrl(`https://${text}`),
  ],
  "search/query.ts#parseQuery": parseQuery,
  "search/query.ts#toTsquery": (text) => toTsquery(parseQuery(text)),
  "search/query.ts#findTerms": (text) => findTerms(text, QUERY),
  "search/snippet.ts#snippetAround": (text) =>
    snippetAround(text, [...tokenize(text)].map(({ start, end }) => ({ start, end })).slice(1)),
  "search/tokenize.ts#tokenize": (text) => drain(tokenize(text)),
  "search/tokenize.ts#indexTerms,indexTermsInSteps": indexTerms,
  "search/tokenize.ts#gramsOfRun": (text) => drain(gramsOfRun(text)),
  "search/tokenize.ts#clipTerm": clipTerm,
  "spark/recommendation.ts#readRecommendation": (text) => {
    for (const response of [text, `# ${text}`, `| ${text}`, text.replaceAll("<", "|")])
      readRecommendation(SPARK_TOOL, { query: text }, JSON.stringify({ session_id: "s", response }));
    readRecommendation(SPARK_TOOL, {}, `{"session_id":"s","response":"${text}…`);
  },
  "spark/feedback.ts#readSparkResponse,readOpinion": (text) => {
    readSparkResponse(422, JSON.stringify({ detail: [text, { msg: text }] }), text);
    readSparkResponse(200, text, null);
    readOpinion({ recommendation_feedback: { overall_feedback: { rating: 1, comments: text } } });
  },
  "truncate.ts#truncate": (text) => truncate(text, 2_000),
  "truncate.ts#plainText": (text) => [plainText(text, 2_000), plainText(text, text.length)],
  "windows/rate-limit-headers.ts#readLimits": (text) =>
    readLimits({ [`anthropic-ratelimit-${text}`]: text, "anthropic-ratelimit-unified-5h-utilization": text }),
  "windows/rate-limit-headers.ts#bindingWindow": (text) => bindingWindow({ "representative-claim": text }),
  "windows/rate-limit-headers.ts#windowLength": windowLength,
  "dashboard/format/text.ts#printable": printable,
  "dashboard/format/text.ts#oneLine": (text) => oneLine(text, 120),
  "dashboard/format/text.ts#countLines": countLines,
  "dashboard/format/text.ts#shortId": shortId,
  "dashboard/format/text.ts#capitalize": capitalize,
  "dashboard/format/text.ts#cutAt": (text) => cutAt(text, 500),
  "dashboard/transcript/blocks.ts#textBlocks": blocks.textBlocks,
  "dashboard/transcript/collapse.ts#collapseText": (text) => collapseText(text, 4_000, text.length),
  "dashboard/transcript/export.ts#headMarkdown": (text) =>
    headMarkdown(text, { branch: text, messages: 1, domain: text }),
  "dashboard/transcript/highlight.ts#languageOfPath": languageOfPath,
  "dashboard/transcript/html-budget.ts#spendBudget": (text) => spendBudget({ left: 1e9 }, text, text.length),
  "dashboard/transcript/image.ts#drawableImage": (text) => drawableImage("image/png", `iVBORw0KGgo${text}`),
};

/** Functions over a content: a text or a list of blocks of any shape. */
const OVER_CONTENT: Calls<unknown> = {
  "analysis/estimate-tokens.ts#calibrationOf": (value) =>
    calibrationOf({ tokenizer: "since 4.7", tokens: 5_000, contents: [value] }, "claude"),
  "analysis/transcript.ts#prepareTranscript,contentText": (value) => {
    const parts = (Array.isArray(value) ? value : [value]).map((part: unknown) => [part]);
    const messages = [value, ...parts].map((content, n) => ({
      position: n + 1,
      role: "user",
      content,
      bytes: 1,
    }));
    const limits = { provider: "claude", maxTokens: 1e9, headMessages: 1, tailMessages: 1 } as const;
    contentText(value);
    prepareTranscript(messages, {
      ...limits,
      calibration: calibrationOf({ tokenizer: "since 4.7", tokens: 5_000, contents: [value] }, "claude"),
    });
  },
  "content/split-body.ts#assistantElement": (value) => assistantElement({ content: value }),
  "json/json.ts#unknownMembers": (value) => unknownMembers({ value, ...(value as object) }, "type", "0"),
  "linking/evidence/compaction.ts#offeredSummary": (value) => offeredSummary(itemsOf(value)),
  "linking/evidence/compaction.ts#isCompactAskText": (value) => itemsOf(value).map(isCompactAskText),
  "linking/evidence/system-prompt.ts#systemTextsOf": systemTextsOf,
  "linking/evidence/tasks.ts#taskCalls,callsWorkflow,isWorkflowTask,promptKeys,startsFork,agentMentions": (
    value,
  ) => {
    const run = userRun(value);
    tasks.taskCalls(value);
    tasks.callsWorkflow(value);
    tasks.isWorkflowTask(run);
    tasks.promptKeys(run);
    tasks.startsFork(run);
    tasks.agentMentions({ ...run, isAssistant: true }, run);
  },
  "linking/evidence/transcript.ts#itemsOf,transcriptOf": (value) =>
    transcriptOf([
      { role: "user", content: value },
      { role: "user", content: value },
    ]),
  "messages/clip-message.ts#previewContent": previewContent,
  "messages/content.ts#contentBlocks": content.contentBlocks,
  "messages/content.ts#toolCallBlocks": content.toolCallBlocks,
  "messages/content.ts#tookSeveralInferences": content.tookSeveralInferences,
  "messages/content.ts#contentTexts": content.contentTexts,
  "messages/estimate-output-tokens.ts#estimateOutputTokens": (value) =>
    estimateOutputTokens({ content: value }),
  "messages/request-type.ts#requestType": (value) =>
    requestType("messages", { system: value, messages: [{ role: "user", content: value }] }),
  "messages/tool-calls.ts#countToolCalls": countToolCalls,
  "messages/user-prompt.ts#promptTexts": promptTexts,
  "dashboard/transcript/blocks.ts#messageOf": (value) => blocks.messageOf({ role: "user", content: value }),
  "dashboard/transcript/blocks.ts#systemOf": (value) => blocks.systemOf({ system: value }),
  "dashboard/transcript/blocks.ts#toolsOf": (value) => blocks.toolsOf({ tools: value }),
  "dashboard/transcript/blocks.ts#blocksOf": blocks.blocksOf,
  "dashboard/transcript/compare.ts#commonPrefixLength": (value) =>
    commonPrefixLength([{ role: "user", content: value }], [{ role: "user", content: value }]),
  "dashboard/transcript/compare.ts#alignEntries": (value) =>
    alignEntries(entriesOf(value), entriesOf([value])),
  "dashboard/transcript/export.ts#entryMarkdown": (value) =>
    entriesOf(value).map((entry) => entryMarkdown(entry, null)),
  "dashboard/transcript/pair-tools.ts#pairTools,withoutTools,isUserMessage": (value) =>
    withoutTools(entriesOf(value)).map(isUserMessage),
  "dashboard/transcript/recommendations.ts#sparkSessions,recommendationOf": (value) => {
    const call = { type: "tool_use", name: SPARK_TOOL, id: "a", input: value };
    const result = { type: "tool_result", tool_use_id: "a", content: value };
    sparkSessions([{ content: value }, { content: [call] }, { content: [result] }]);
  },
  "dashboard/transcript/tool-summary.ts#toolSummary": (value) => [
    toolSummary(value),
    toolSummary({ command: value }),
  ],
};

/** The content in one message, and its parts in a message each. */
function entriesOf(value: unknown) {
  const parts = Array.isArray(value) ? (value as unknown[]) : [value];
  const messages = [value, ...parts.map((part) => [part])];
  return pairTools(
    blocks.messagesOf({ messages: messages.map((each) => ({ role: "user", content: each })) }),
  );
}

/** Functions over the bytes of a request body or of a stored message. */
const OVER_BODY: Calls<string> = {
  "alerts/message-summary.ts#summarizeMessage": (text) => {
    summarizeMessage([bytesOf(text)], bytesOf(text));
    summarizeMessage(messageTexts(text).map(bytesOf), null);
  },
  "content/split-body.ts#splitBody,splitInSteps,rebuildBody,unsplitInSteps": (text) => {
    finish(unsplitInSteps(bytesOf(text)));
    const cache = new PrefixCache(100_000_000);
    splitBody(bytesOf(text), cache);
    rebuildBody(splitBody(bytesOf(text), cache));
  },
  "linking/evidence/linkable-request.ts#requestEvidence,linkableRequest": (text) =>
    requestEvidence("r", linkableRequest({ "user-agent": "claude-cli/2" }, splitBody(bytesOf(text))), {
      message: bytesOf(messageTexts(text).at(-1) ?? text),
      outcome: "complete",
    }),
  "messages/clip-message.ts#clipMessage": (text) => [
    clipMessage(bytesOf(text), false),
    clipMessage(bytesOf(text), true),
  ],
  "messages/read-request.ts#readRequest": (text) => {
    for (const isTruncated of [false, true])
      readRequest({ body: bytesOf(isTruncated ? text.slice(0, -2) : text), isTruncated, headers: {} });
  },
  "messages/user-prompt.ts#userPromptText": (text) => userPromptText(messageTexts(text).map(bytesOf)),
  "search/text.ts#searchText": (text) => [
    searchText(bytesOf(text)),
    messageTexts(text).map(bytesOf).map(searchText),
  ],
  "dashboard/transcript/blocks.ts#messagesOf": (text) => blocks.messagesOf(parseJson(text)),
};

/** The messages of a body as they are stored; none of a body that is not JSON. */
function messageTexts(body: string): string[] {
  const parsed = parseJson(body) as { messages?: unknown } | undefined;
  return Array.isArray(parsed?.messages) ? parsed.messages.map((message) => JSON.stringify(message)) : [];
}

/** Functions over the bytes of a response. */
const OVER_RESPONSE: Calls<string> = {
  "messages/assemble-stream.ts#assembleStream,assembleInSteps": (text) => assembleStream(bytesOf(text)),
  "messages/batch-results.ts#countRequests,readBatch,readBatchInSteps": (text) => {
    const path = `/v1/messages/batches/${text}/results`;
    const result = `{"custom_id":"c","result":{"message":{}}}\n`.repeat(text.length / 100);
    const response = { path, status: 200, isWhole: true };
    countRequests(bytesOf(`{"requests":[${result.replaceAll("\n", ",")}0]}`));
    readBatch({ ...response, endpoint: "batches", method: "POST", body: bytesOf(text) });
    readBatch({ ...response, endpoint: "batch_results", method: "GET", body: bytesOf(result + text) });
  },
  "messages/read-response.ts#readResponse,readInSteps": (text) =>
    [200, 500].map((status) =>
      readResponse({ status, contentType: null, body: bytesOf(text), outcome: "complete" }),
    ),
  "messages/sse.ts#sseEvents,sseEventsInSteps": (text) => drain(sseEvents(bytesOf(text))),
  "pricing/price.ts#priceExchange": (text) =>
    priceExchange(usageOf(text), {
      ...USAGE_CONTEXT,
      endpoint: "messages",
      method: "POST",
      at: new Date(0),
      status: 200,
      errorType: null,
      timeToFirstByteMs: 1,
      upstreamAttempts: 1,
    }),
};

const usageRow =
  "usage/token-usage.ts#countedInferences,hasInvalidCounts,tokenCounts,totalTokenCounts,contextTokens,serverToolUse,mergeUsage";
OVER_RESPONSE[usageRow] = (text) => {
  const read = usageOf(text);
  usage.totalTokenCounts(read);
  usage.contextTokens(read, false);
  usage.serverToolUse(read);
  usage.mergeUsage(read, read);
};
OVER_RESPONSE["dashboard/transcript/sse.ts#parseStream,eventSummary"] = (text) =>
  parseStream(bytesOf(text)).map(eventSummary);

const USAGE_CONTEXT = {
  model: "claude-opus-4-8",
  modelServed: null,
  stopReason: "refusal",
  isPartial: false,
  receivedTokens: null,
};

function usageOf(response: string) {
  return (
    readResponse({ status: 200, contentType: null, body: bytesOf(response), outcome: "complete" }).usage ?? {}
  );
}

const TEMPLATE = templateOf(
  "{{#each @root}}{{lookup @root text}}\n  {{> p . a=text}}\n{{#if text}}{{/if}}{{text}}{{/each}}",
);

function templateOf(text: string) {
  const read = readTemplate("t", text);
  if (!read.ok) throw new Error(read.error.message);
  return read.value;
}

/** Functions that limit their cost, or whose callers limit their texts: the longest text must take a bearable time. */
const OVER_SHORT_TEXT: Record<string, { characters: number; call: (text: string) => unknown }> = {
  "dashboard/transcript/markdown.ts#renderParts": {
    characters: MAX_TEXT_CHARACTERS + 500,
    call: (text) => renderParts(text, 4_000),
  },
  // Quadratic up to 400 parts.
  "dashboard/transcript/diff.ts#diffLines,diffWords,diffParts": {
    characters: 200_000,
    call: (text) => [diffLines(text, `b${text.slice(1)}`), diffWords(text, `b${text.slice(1)}c`)],
  },
  "dashboard/transcript/highlight.ts#highlightNumbered": {
    characters: 60_000,
    call: (text) => {
      for (const language of ["typescript", "bash", "xml", "python", "diff"])
        createHighlighter()(text, language);
      highlightNumbered(createHighlighter())(text, "typescript");
    },
  },
  // A quarter of the longest file, to save time: YAML takes 14 ms per KB of the worst shape.
  "prompts/read-prompt.ts#readPrompt": {
    characters: 16_384,
    call: (text) => readPrompt("p.yaml", `a: ${text}`),
  },
  "templates/read-template.ts#readTemplate": {
    characters: MAX_TEMPLATE_CHARACTERS,
    call: (text) =>
      [text, text.replaceAll("<", "{{").replaceAll(">", "}}")].map((each) => readTemplate("t", each)),
  },
  "templates/render-template.ts#renderTemplate": {
    characters: 200_000,
    call: (text) => renderTemplate(TEMPLATE, { text }, new Map([["p", TEMPLATE]])),
  },
};
const BEARABLE_MS = 1_500;

/** Functions of files, or single ones, that take no text of clients or upstream of any length. */
const EXEMPT: readonly [pattern: RegExp, reason: string][] = [
  [/^analysis\/(attempts|price|provider|model-call|model-schema)\.ts/, "settings and numbers of ours"],
  [/^analysis\/(claude\.ts#claudeCall|gemini\.ts#geminiCall)/, "writes what we made"],
  [/^masking\/secret-patterns\.ts#notAfter/, "constants of ours"],
  [/^alerts\/(dedupe|unknown-models)\.ts/, "compares and counts rows; texts are keys"],
  [
    /^auth\/(access-identity\.ts#accessApplication|call-rate\.ts|permissions\.ts#hasRole|key-throttle\.ts#)/,
    "settings and roles",
  ],
  [/^(bytes|sha256|result|outcome|steps|together)\.ts/, "hashes, tags, rows and loops"],
  [
    /^(cursor\.ts#encodeCursor|exchange-id\.ts#newExchangeId|live-stream\.ts#eventFrame)/,
    "writes what we made",
  ],
  [
    /^content\/(json-scanner|json-tokens|node-chain|normalize|overlay|scan-body)\.ts/,
    "called through splitBody",
  ],
  [/^content\/(mask-secrets\.ts#findSecrets|mask-form|mask-url|replacements)/, "called through maskLenient"],
  [/^http\/cors\.ts#isPreflight/, "looks for headers"],
  [/^json\/json\.ts#(isObject|setOwn)/, "no loop"],
  [
    /^linking\/(candidate-reader|dependents|engine|layout|served-turns|structure)\.ts/,
    "ids and hashes of requests, no texts",
  ],
  [/^linking\/parent\//, "ids and hashes of requests, no texts"],
  [
    /^linking\/evidence\/(chain|evidence|keys|side-requests|compaction)\.ts/,
    "called through requestEvidence",
  ],
  [
    /^(messages\/(content-blocks|stream-events)\.ts|usage\/token-usage\.ts#addUsage)/,
    "called through assembleStream",
  ],
  [/^pricing\/(billable-usage\.ts|price\.ts#unpricedShare)/, "called through priceExchange"],
  [/^messages\/content\.ts#(isToolCall|stringMember)/, "no loop"],
  [/^messages\/chunk-timing\.ts/, "numbers of ours"],
  [
    /^oauth\/(session\.ts|login\.ts#loginUrl|protocol\.ts#(refreshTokenBody|authorizationCodeBody))/,
    "writes what we made",
  ],
  [/^pricing\/(cost-breakdown|cost-codec|format-money|usd)\.ts/, "bills and amounts of ours"],
  [
    /^prompts\/(assemble-prompts|certain-failure|render-prompt|repository-failure|sync-prompts|prompt)\.ts/,
    "texts that readPrompt has read; names",
  ],
  [/^templates\/(references|scope|template)\.ts/, "templates that readTemplate has read"],
  [/^usage\/(calendar|latency-histogram|time-series|token-totals)\.ts/, "numbers of ours"],
  [/^usage\/token-usage\.ts#hasTokenCounts/, "no loop over input"],
  [/^windows\/(forecast|thresholds|time-span|totals)\.ts/, "numbers of ours"],
  [/^dashboard\/transcript\/(branches|timeline|stream-times)\.ts/, "rows of requests and events, no texts"],
  [/^dashboard\/transcript\/html-budget\.ts#spendParts/, "numbers of ours"],
];

function expectLinear<T>(
  call: (input: T) => unknown,
  shapes: readonly { name: string; make: (size: number) => T; size: number }[],
): void {
  const found = shapes.map(({ name, make, size }) => ({ name, growth: growth(call, make, size) }));
  expect(found.filter(({ growth }) => growth > 0)).toEqual([]);
}

/** For functions over contents, which hand their texts to functions over texts, and for slow ones. */
const REPEATED = TEXT_SHAPES.filter((_, n) => n % 2 === 0);

it.each(Object.entries(OVER_TEXT))("%s is linear in texts of any shape", (_name, call) => {
  expectLinear(
    call,
    TEXT_SHAPES.map((shape) => ({ ...shape, size: SIZE })),
  );
});

let madeParts: unknown[] | undefined;
const manyParts = () =>
  (madeParts ??= [
    ...["texts", "tool calls of one id", "results"].map((name) =>
      CONTENT_SHAPES.find((shape) => shape.name === name)!.make(MANY),
    ),
    "`a".repeat(MANY),
  ]);

it("a call on a short stack does not take as many arguments as a content has parts", () => {
  const many = Array.from({ length: MANY }, () => 0);
  onShortStack(() => expect(() => Math.max(...many)).toThrow(RangeError));
});

describe.each(Object.entries(OVER_CONTENT))("%s", (_name, call) => {
  it("is linear in contents of any shape", () => {
    const text = (make: (size: number) => string) => (size: number) => [{ type: "text", text: make(size) }];
    const shapes = [
      ...CONTENT_SHAPES.map((shape) => ({ ...shape, size: PARTS })),
      ...REPEATED.map(({ name, make }) => ({ name, make: text(make), size: SIZE })),
    ];
    expectLinear(call, shapes);
  });

  it("takes more parts than a call has arguments", () => {
    const contents = manyParts();
    onShortStack(() => {
      for (const content of contents) call(content);
    });
  });
});

it.each(Object.entries(OVER_BODY))("%s is linear in bodies of any shape", (_name, call) => {
  const shapes = [
    ...BODY_SHAPES.map((shape) => ({ ...shape, size: PARTS })),
    ...CONTENT_SHAPES.map(({ name, make }) => ({
      name,
      make: (size: number) => bodyWith(make(size)),
      size: PARTS,
    })),
    ...REPEATED.map(({ name, make }) => ({
      name,
      make: (size: number) => bodyWith(make(size)),
      size: SIZE,
    })),
    ...REPEATED.map(({ name, make }) => ({ name: `not JSON: ${name}`, make, size: SIZE })),
  ];
  expectLinear(call, shapes);
});

it.each(Object.entries(OVER_RESPONSE))("%s is linear in responses of any shape", (_name, call) => {
  const error = (make: (size: number) => string) => (size: number) =>
    JSON.stringify({
      type: "error",
      error: { type: make(size), message: make(size) },
      usage: { a: make(size) },
    });
  const shapes = [
    ...RESPONSE_SHAPES.map((shape) => ({ ...shape, size: PARTS })),
    ...REPEATED.map(({ name, make }) => ({ name, make: error(make), size: SIZE })),
    ...REPEATED.map(({ name, make }) => ({
      name: `in an event: ${name}`,
      make: (size: number) => `data: ${make(size)}`,
      size: SIZE,
    })),
  ];
  expectLinear(call, shapes);
});

it.each(Object.entries(OVER_SHORT_TEXT))("%s is quick for a long text", (_name, { characters, call }) => {
  const slow = (process.env["SOAK"] ? TEXT_SHAPES : REPEATED).map(({ name, make }) => {
    const text = make(characters - 10).slice(0, characters);
    return { name, ms: fastest(1, () => call(text)) > BEARABLE_MS ? fastest(3, () => call(text)) : 0 };
  });
  expect(slow.filter(({ ms }) => ms > BEARABLE_MS)).toEqual([]);
});

it("prompts that call one partial often are read, assembled and rendered in linear time", () => {
  const rendersAll = (template: string) => {
    const file = (text: string) => `description: d\ntemplate: ${JSON.stringify(text)}\n`;
    const files = { "all.yaml": file(template), "p.yaml": file("b") };
    const { prompts } = readPrompts(new Map(Object.entries(files)));
    const rendered = promptLibrary(prompts).render("all", {});
    if (!rendered.ok) throw new Error(rendered.error);
  };
  // Four times as many still fit into a file.
  expectLinear(rendersAll, [{ name: "calls", make: (size) => "{{> p}}".repeat(size), size: 2_300 }]);
});

describe("the table", () => {
  const functions = [
    ...exportedFunctions("workers/domain/**/*.ts", "workers/domain/", ""),
    ...exportedFunctions("dashboard/src/transcript/*.ts", "dashboard/src/", "dashboard/"),
    ...exportedFunctions("dashboard/src/format/text.ts", "dashboard/src/", "dashboard/"),
  ];
  const tested = new Set(
    [OVER_TEXT, OVER_CONTENT, OVER_BODY, OVER_RESPONSE, OVER_SHORT_TEXT].flatMap((table) =>
      Object.keys(table).flatMap((key) => {
        const [file = "", names = ""] = key.split("#");
        return names.split(",").map((name) => `${file}#${name}`);
      }),
    ),
  );

  it("has every function that takes more than numbers, except those with a reason", () => {
    expect(functions.length).toBeGreaterThan(150);
    const missing = functions.filter(
      (name) => !tested.has(name) && !EXEMPT.some(([pattern]) => pattern.test(name)),
    );
    expect(missing).toEqual([]);
  });

  it("has no function or reason that no code has", () => {
    expect([...tested].filter((name) => !functions.includes(name))).toEqual([]);
    expect(EXEMPT.filter(([pattern]) => !functions.some((name) => pattern.test(name)))).toEqual([]);
  });
});

/** The exported functions with a parameter that is not a number, as `path#name`. */
function exportedFunctions(glob: string, folder: string, prefix: string): string[] {
  return globSync(glob, { cwd: root })
    .filter((file) => !/\.(test|d)\.ts$/.test(file))
    .sort()
    .flatMap((file) => {
      const source = ts.createSourceFile(
        file,
        readFileSync(join(root, file), "utf8"),
        ts.ScriptTarget.Latest,
        true,
      );
      return source.statements
        .filter((statement) => ts.canHaveModifiers(statement) && isExported(statement))
        .flatMap(functionsIn)
        .filter(({ parameters }) => parameters.some((parameter) => !isNumber(parameter)))
        .map(({ name }) => `${prefix}${file.slice(folder.length)}#${name}`);
    });
}

function functionsIn(
  statement: ts.Statement,
): { name: string; parameters: readonly ts.ParameterDeclaration[] }[] {
  if (ts.isFunctionDeclaration(statement) && statement.name)
    return [{ name: statement.name.text, parameters: statement.parameters }];
  if (!ts.isVariableStatement(statement)) return [];
  return statement.declarationList.declarations.flatMap(({ name, initializer: value }) => {
    // A function that keeps its results is what it is given: `cachedByText((text) => …)`.
    const initializer = value && ts.isCallExpression(value) ? value.arguments[0] : value;
    return initializer && ts.isArrowFunction(initializer)
      ? [{ name: name.getText(), parameters: initializer.parameters }]
      : [];
  });
}

const isExported = (node: ts.HasModifiers) =>
  node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword) ?? false;

const isNumber = ({ type, initializer }: ts.ParameterDeclaration) =>
  type === undefined
    ? initializer !== undefined
    : /^(number|bigint|boolean)( \| null)?$/.test(type.getText());
