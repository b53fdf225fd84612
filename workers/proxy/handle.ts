export async function handleProxy(_request: Request, _env: Env, _ctx: ExecutionContext): Promise<Response> {
  return new Response(null, { status: 501 });
}
