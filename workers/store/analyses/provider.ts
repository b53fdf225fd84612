/** The key that pays for analyses. */
import { chooseProvider, type ProviderChoice } from "../../domain/analysis/provider.ts";
import { failed, ok, type Result } from "../../domain/result.ts";
import type { Config } from "../../runtime/config.ts";
import { SealError } from "../../runtime/seal.ts";
import type { AnalysisProvider } from "../../schemas/analysis.ts";
import { readAccountKey } from "../tenants/accounts.ts";

/** The key of a provider, or what to set so that it has one. */
export async function providerKey(
  config: Config,
  provider: AnalysisProvider,
): Promise<Result<string, string>> {
  if (provider === "gemini")
    return config.GEMINI_API_KEY === undefined
      ? failed("GEMINI_API_KEY is not set. Set it, or AI_PROVIDER=claude with AI_CLAUDE_ACCOUNT_ID.")
      : ok(config.GEMINI_API_KEY);
  const id = config.AI_CLAUDE_ACCOUNT_ID;
  if (id === undefined)
    return failed("AI_CLAUDE_ACCOUNT_ID is not set. Set it to the id of an account with an API key.");
  const account = `account ${id} (AI_CLAUDE_ACCOUNT_ID)`;
  try {
    const key = await readAccountKey(config, id);
    return key === null
      ? failed(`The ${account} has no API key. Store one, or name another account.`)
      : ok(key);
  } catch (thrown) {
    if (!(thrown instanceof SealError)) throw thrown;
    return failed(`The API key of the ${account} cannot be opened with CREDENTIAL_KEYS. Store it again.`);
  }
}

export interface ReadProvider extends ProviderChoice {
  /** What to set so that it can be called; null: nothing. */
  problem: string | null;
}

/** The chosen provider, with its problem. */
export async function readProvider(config: Config): Promise<ReadProvider> {
  const choice = chooseProvider(config);
  const key = await providerKey(config, choice.provider);
  return { ...choice, problem: key.ok ? null : key.error };
}
