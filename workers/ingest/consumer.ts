export async function handleBatch(_batch: MessageBatch, _env: Env, _ctx: ExecutionContext): Promise<void> {}
