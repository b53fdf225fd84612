/** The provider that analyses conversations, chosen from the environment. */
import type { AnalysisProvider } from "../../schemas/analysis.ts";

export interface ProviderSettings {
  AI_PROVIDER: AnalysisProvider;
  AI_CLAUDE_ACCOUNT_ID?: string | undefined;
  AI_CLAUDE_MODEL_NAME: string;
  GEMINI_API_KEY?: string | undefined;
  GEMINI_MODEL_NAME: string;
}

export interface ProviderChoice {
  provider: AnalysisProvider;
  model: string;
  isConfigured: boolean;
}

export function chooseProvider(settings: ProviderSettings): ProviderChoice {
  return settings.AI_PROVIDER === "claude"
    ? {
        provider: "claude",
        model: settings.AI_CLAUDE_MODEL_NAME,
        isConfigured: settings.AI_CLAUDE_ACCOUNT_ID !== undefined,
      }
    : {
        provider: "gemini",
        model: settings.GEMINI_MODEL_NAME,
        isConfigured: settings.GEMINI_API_KEY !== undefined,
      };
}
