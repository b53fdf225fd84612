/** Frames of server-sent events, and where a returning client resumes. Pure; used by durable-objects/live-feed. */

/** One event as bytes of an event stream. `data` is one line of JSON. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventFrame(id: number, event: string, data: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

/** A comment that keeps proxies from closing an idle stream and detects clients that have disconnected. */
export const HEARTBEAT_FRAME = ": heartbeat\n\n";

/**
 * Where a client resumes. `lastEventId`: the header as sent; `newest`: the last id sent; `kept`: the number of events kept. If
 * the event after `lastEventId` is not kept, `isReset` is set: the client has to load its lists again.
 */
export function resumeFrom(
  lastEventId: string | null,
  { newest, kept }: { newest: number; kept: number },
): { after: number; isReset: boolean } {
  if (lastEventId === null || lastEventId === "") return { after: newest, isReset: false };
  const last = /^\d{1,16}$/.test(lastEventId) ? Number(lastEventId) : -1;
  const isKnown = last >= Math.max(0, newest - kept) && last <= newest;
  return isKnown ? { after: last, isReset: false } : { after: newest, isReset: true };
}
