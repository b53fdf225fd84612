/** Server-sent events as text, and what a reader who comes back has missed. Pure; used by durable-objects/live-feed. */

/** One event as bytes of an event stream. `data` is one line of JSON. https://html.spec.whatwg.org/multipage/server-sent-events.html */
export function eventFrame(id: number, event: string, data: string): string {
  return `id: ${id}\nevent: ${event}\ndata: ${data}\n\n`;
}

/** A comment: keeps proxies from closing a quiet stream, and finds out who has left. */
export const HEARTBEAT_FRAME = ": heartbeat\n\n";

/**
 * Where a reader continues. `lastEventId` is the header as it came, `newest` the last id given out, `kept` how many events
 * back are kept. A place that is not there any more (or never was) means `reset`: the reader has to load its lists again.
 */
export function resumeFrom(
  lastEventId: string | null,
  { newest, kept }: { newest: number; kept: number },
): { after: number; isReset: boolean } {
  if (lastEventId === null || lastEventId === "") return { after: newest, isReset: false };
  const last = /^\d{1,15}$/.test(lastEventId) ? Number(lastEventId) : -1;
  const isKnown = last >= Math.max(0, newest - kept) && last <= newest;
  return isKnown ? { after: last, isReset: false } : { after: newest, isReset: true };
}
