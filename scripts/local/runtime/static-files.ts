/** The dashboard's static files as Pages serves them (content types, ETags, `_headers`): wrangler's implementation of the ASSETS binding. */
import type { Request, Response } from "miniflare";

/** A handler for Miniflare. wrangler watches `_headers`; no file is kept in memory. */
export async function staticFiles(directory: string): Promise<(request: Request) => Promise<Response>> {
  const { unstable_generateASSETSBinding: serve } = await import("wrangler");
  const silent = { log() {}, warn() {}, error: (error: unknown) => console.error(error) };
  const handler = await (serve({ directory, log: silent as never }) as unknown);
  return handler as (request: Request) => Promise<Response>;
}
