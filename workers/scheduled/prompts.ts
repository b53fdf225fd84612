/** Syncs the prompts of the repository when the next try is due. */
import type { Config } from "../runtime/config.ts";
import { errorText, log } from "../runtime/log.ts";
import { promptSource } from "../store/prompts/source.ts";
import { readSync } from "../store/prompts/status.ts";
import { syncWhenDue } from "../store/prompts/sync.ts";

/** Never rejects. Returns when the next try is due; null: no repository is configured. */
export async function syncPromptsByCron(env: Env, config: Config, now: number): Promise<number | null> {
  const source = promptSource(config);
  if (!source) return null;
  try {
    await syncWhenDue(env, config);
    return (await readSync(config, source))?.nextAt?.getTime() ?? now;
  } catch (thrown) {
    log.warn("prompts: not synced", { error: errorText(thrown) });
    return now;
  }
}
