/** Syncs the prompts of the repository when the next try is due. */
import type { Config } from "../runtime/config.ts";
import { errorText, log } from "../runtime/log.ts";
import { promptSource } from "../store/prompts/source.ts";
import { syncWhenDue } from "../store/prompts/sync.ts";

/** Never rejects. */
export async function syncPromptsByCron(env: Env, config: Config): Promise<void> {
  if (!promptSource(config)) return;
  try {
    await syncWhenDue(env, config);
  } catch (thrown) {
    log.warn("prompts: not synced", { error: errorText(thrown) });
  }
}
