/**
 * Analyses of the demo: a fake Gemini with results written for some of its conversations. Of the traffic three are analyzed, one of them
 * twice, one is still read by the model, and one has failed.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { AnalysisCreated, AnalysisList } from "../../../workers/schemas/api/analyses.ts";
import type { ConversationList } from "../../../workers/schemas/api/conversations.ts";
import type { Status } from "../../../workers/schemas/api/status.ts";
import type { AnalysisResult } from "../../../workers/schemas/analysis.ts";
import { FAKE_GEMINI_KEY, startFakeGemini } from "../fake-gemini.ts";
import { withClient } from "../database/client.ts";
import { type Admin, call } from "./admin.ts";
import { demoDomains } from "./traffic.ts";

/** How long the model takes: long enough to be seen at work. */
const MODEL_MS = 1_500;
const POLL_MS = 250;
/** Longest wait for the traffic to be stored, and for the analyses to end. */
const WAIT_MS = 60_000;
const CUSTOM_PROMPT =
  "Look only at the person's prompts: what was missing in them, and how many turns did that cost?";

const WEBHOOKS: AnalysisResult = {
  summary:
    "About 3 % of payment webhooks were rejected with 401 after the gateway switch. The assistant found that the signature was verified over a body that had been parsed and serialized again, so payloads with non-ASCII names or other number formats did not match. It verifies the raw bytes now, with a test that fails before the change.",
  keyTopics: ["payment webhooks", "signature verification", "raw request bodies"],
  sentiment: "positive",
  userIntent: "Find out why some payment webhooks are rejected although the secret is right, and stop it.",
  outcomes: [
    "The signature is computed over the bytes as received.",
    "A test replays a rejected payload.",
    "The change is committed.",
  ],
  actionItems: [
    {
      type: "task",
      description: "Replay the webhooks that were rejected since the switch.",
      priority: "high",
    },
    {
      type: "follow_up",
      description: "Alert when more than 1 % of webhooks are rejected.",
      priority: "medium",
    },
    {
      type: "prompt_improvement",
      description: "Attach one failing payload with its headers.",
      priority: "low",
    },
  ],
  promptingTips: [
    {
      category: "context",
      issue: "No failing payload was given, so the assistant had to search for the difference.",
      suggestion: "Add one rejected and one accepted request, headers included.",
      example:
        "Here are a webhook that works and one that gets 401: fixtures/ok.json, fixtures/rejected.json. What differs in what we sign?",
      messages: [1],
    },
    {
      category: "specificity",
      issue: "“Any idea?” leaves open whether a diagnosis or a change is wanted.",
      suggestion: "Say what you want at the end: the cause, a fix, or both with a test.",
      messages: [1, 3],
    },
  ],
  interactionPatterns: {
    promptClarity: 7.5,
    contextCompleteness: 5.5,
    followUpEffectiveness: "good",
    commonIssues: ["Evidence comes in the second prompt, not the first."],
    strengths: ["Names numbers and the time of the change.", "Says what has been ruled out."],
  },
  technicalDetails: {
    frameworks: ["TypeScript", "Node.js"],
    issues: ["JSON was parsed and serialized again before its signature was verified."],
    solutions: ["Keep the raw body and verify its bytes in constant time."],
    toolUsageEfficiency: "good",
    contextWindowManagement: "acceptable",
  },
  conversationQuality: {
    clarity: "high",
    completeness: "complete",
    effectiveness: "highly effective",
    effectivenessImprovement: "A failing payload in the first prompt would have saved two searches.",
  },
};

/** Of the second version, which is asked with CUSTOM_PROMPT. */
const WEBHOOKS_AGAIN: AnalysisResult = {
  ...WEBHOOKS,
  summary:
    "The prompts name the symptom and its share but no evidence. The failing payload, which decided the case, had to be found by the assistant.",
  sentiment: "neutral",
  keyTopics: ["payment webhooks", "evidence in prompts"],
  interactionPatterns: { ...WEBHOOKS.interactionPatterns, promptClarity: 6, contextCompleteness: 4 },
  conversationQuality: { ...WEBHOOKS.conversationQuality, effectiveness: "effective" },
};

const CENTS: AnalysisResult = {
  summary:
    "Invoices with items of two tax rates were sometimes one cent off. The assistant showed that tax was rounded per item in one place and per rate in the other, and made both use the sum per rate.",
  keyTopics: ["rounding", "tax", "invoices"],
  sentiment: "neutral",
  userIntent: "Make the total of an invoice equal to the amount that is charged.",
  outcomes: ["Both totals round once per tax rate.", "Cart 88213 is a test."],
  actionItems: [
    { type: "task", description: "Tell accounting from which invoice number on the totals agree." },
  ],
  promptingTips: [
    {
      category: "structure",
      issue: "The rule by which accounting rounds came late.",
      suggestion: "State the rule that should hold before the example that breaks it.",
      messages: [1],
    },
  ],
  interactionPatterns: {
    promptClarity: 8,
    contextCompleteness: 7,
    followUpEffectiveness: "excellent",
    commonIssues: [],
    strengths: ["Gives a concrete cart to reproduce the problem."],
  },
  technicalDetails: {
    frameworks: ["TypeScript"],
    issues: ["Two places round at different moments."],
    solutions: ["Round once per tax rate, in one function."],
    toolUsageEfficiency: "optimal",
  },
  conversationQuality: { clarity: "high", completeness: "complete", effectiveness: "highly effective" },
};

const SHUTDOWN: AnalysisResult = {
  summary:
    "Deploys of the gateway cut requests that were still running. The assistant added a drain before the shutdown; whether the load balancer waits as long was not checked.",
  keyTopics: ["graceful shutdown", "deploys", "load balancing"],
  sentiment: "mixed",
  userIntent: "Deploy the gateway without a burst of 502s.",
  outcomes: ["The server stops accepting, drains and then exits."],
  actionItems: [
    {
      type: "follow_up",
      description: "Compare the drain with the load balancer's deregistration delay.",
      priority: "high",
    },
  ],
  promptingTips: [
    {
      category: "context",
      issue: "The settings of the load balancer were not mentioned.",
      suggestion: "Name what stands in front of the service, with its timeouts.",
      messages: [1],
    },
    {
      category: "clarity",
      issue: "“Check how we shut down” does not say what a good shutdown is.",
      suggestion: "Name the goal: no 502 during a deploy with requests of up to 30 seconds.",
      messages: [1],
    },
  ],
  interactionPatterns: {
    promptClarity: 5.5,
    contextCompleteness: 4.5,
    followUpEffectiveness: "needs_improvement",
    commonIssues: ["The goal is not measurable."],
    strengths: ["Gives the size of the problem."],
  },
  technicalDetails: {
    frameworks: ["Go", "Kubernetes"],
    issues: ["SIGTERM closed the listener and the connections at once."],
    solutions: ["http.Server.Shutdown with a deadline below the grace period."],
    toolUsageEfficiency: "could_improve",
  },
  conversationQuality: {
    clarity: "medium",
    clarityImprovement: "State what should hold during a deploy.",
    completeness: "partial",
    completenessImprovement: "The load balancer was left out.",
    effectiveness: "needs improvement",
  },
};

/** By text of the conversation's first prompt. */
const WRITTEN: readonly (readonly [text: string, ...results: AnalysisResult[]])[] = [
  ["payment webhooks", WEBHOOKS, WEBHOOKS_AGAIN],
  ["one cent off", CENTS],
  ["burst of 502s", SHUTDOWN],
];

/** The fake Gemini, the variables with which a stack uses it, and the analyses that the demo requests. */
export async function startDemoGemini() {
  let failingTitle: string | null = null;
  const asked = new Map<string, number>();
  const gemini = await startFakeGemini({
    async choose(transcript) {
      await pause(MODEL_MS, undefined, { ref: false });
      if (failingTitle !== null && transcript.includes(failingTitle)) return "gone";
      const [text, ...results] = WRITTEN.find(([part]) => transcript.includes(part)) ?? [""];
      const times = asked.get(text) ?? 0;
      asked.set(text, times + 1);
      return results[Math.min(times, results.length - 1)] ?? "ok";
    },
  });
  return {
    stop: () => gemini.stop(),
    variables: {
      GEMINI_API_KEY: FAKE_GEMINI_KEY,
      GEMINI_API_URL: gemini.url,
      AI_DAILY_BUDGET_USD: "5",
    },
    /** Requests analyses of the stored traffic. Resolves when all but one have ended; gives up quietly when stopped. */
    async analyseTraffic(admin: Admin, databaseUrl: string, signal: AbortSignal): Promise<void> {
      const get = async <T>(path: string) => (await call(admin, "GET", path)) as T;
      const until = async (isSo: () => Promise<boolean>) => {
        for (const end = Date.now() + WAIT_MS; !signal.aborted && Date.now() < end; await pause(POLL_MS))
          if (await isSo()) return;
      };
      const request = async (conversationId: string) => {
        const made = await call(admin, "POST", "analyses", { conversationId });
        return (made as AnalysisCreated).analysisId;
      };
      const areFinished = async (count: number) => {
        const { analyses } = await get<AnalysisList>("analyses");
        return analyses.filter(({ status }) => status === "completed" || status === "failed").length >= count;
      };
      try {
        await until(async () => (await get<Status>("status")).journal.entries === 0);
        const { conversations } = await get<ConversationList>("conversations?limit=200");
        const domains = demoDomains().flatMap(({ domain, analysisEnabled }) =>
          analysisEnabled ? [domain] : [],
        );
        const allowed = conversations.filter(
          ({ domain, title }) => domains.includes(domain) && title !== null,
        );
        const written = WRITTEN.flatMap(([text]) => allowed.find(({ title }) => title!.includes(text)) ?? []);
        const [running, failing] = allowed
          .filter((each) => !written.includes(each))
          .toSorted((left, right) => right.turnCount - left.turnCount);
        if (failing) failingTitle = failing.title!.slice(0, 60);
        const finishing = [...written, ...(failing ? [failing] : [])];
        for (const { conversationId } of finishing) await request(conversationId);
        if (running) await keepRunning(databaseUrl, await request(running.conversationId));
        await until(() => areFinished(finishing.length));
        const [again] = written;
        if (signal.aborted || !again) return;
        const path = `analyses/${again.conversationId}/main/regenerate`;
        await call(admin, "POST", path, { customPrompt: CUSTOM_PROMPT });
        await until(() => areFinished(finishing.length));
      } catch (error) {
        if (!signal.aborted) throw error;
      }
    },
  };
}

/**
 * Gives a queued analysis the state of one whose attempt runs elsewhere. The local queue waits for each batch before it delivers the next,
 * so a call that takes as long as somebody looks would hold up all other analyses.
 */
async function keepRunning(databaseUrl: string, analysisId: string): Promise<void> {
  await withClient(databaseUrl, (client) =>
    client.query(
      `UPDATE analyses SET status = 'processing', attempts = 1, started_at = now(), updated_at = now(),
         lease_until = now() + interval '30 days', next_attempt_at = NULL
       WHERE id = $1 AND status = 'pending'`,
      [analysisId],
    ),
  );
}
