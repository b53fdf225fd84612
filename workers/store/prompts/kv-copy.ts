/**
 * A copy of the synced prompts in KV, for isolates that start while Postgres is unreachable. A sync writes it where it differs from what
 * is stored; it is read in no other case, so that it costs one operation per sync.
 */
import { z } from "zod";
import { toHex } from "../../domain/bytes.ts";
import { sha256 } from "../../domain/sha256.ts";
import { errorText, log } from "../../runtime/log.ts";
import { timeoutOrNull, withTimeout } from "../../runtime/timeout.ts";
import { Prompt } from "../../schemas/prompt.ts";

type Tenants = Pick<Env, "TENANTS">;

/** One entry: only the prompts of the configured repository are of use. */
const ENTRY = "prompts";
const TIMEOUT_MS = 3_000;

const Copy = z.object({
  /** `PromptSource.key`. */
  source: z.string(),
  version: z.string(),
  prompts: z.array(Prompt),
});
type PromptCopy = z.infer<typeof Copy>;

/** Never rejects: the next sync writes what is missing. */
export async function copyToKv({ TENANTS: kv }: Tenants, copy: PromptCopy): Promise<void> {
  try {
    const digest = toHex(sha256(`${copy.source} ${copy.version}`));
    const { value, metadata } = await withTimeout(
      TIMEOUT_MS,
      kv.getWithMetadata<{ digest?: string }>(ENTRY, "stream"),
    );
    await value?.cancel();
    if (metadata?.digest !== digest) await kv.put(ENTRY, JSON.stringify(copy), { metadata: { digest } });
  } catch (thrown) {
    log.warn("prompts: not copied to KV", { error: errorText(thrown) });
  }
}

/** `null` where there is none of this source, or KV fails. Never rejects. */
export async function readKvCopy({ TENANTS: kv }: Tenants, source: string): Promise<PromptCopy | null> {
  try {
    const stored = await timeoutOrNull(TIMEOUT_MS, kv.get(ENTRY, "json"));
    const copy = Copy.nullable().parse(stored);
    return copy?.source === source ? copy : null;
  } catch (thrown) {
    log.warn("prompts: the copy in KV was not read", { error: errorText(thrown) });
    return null;
  }
}
