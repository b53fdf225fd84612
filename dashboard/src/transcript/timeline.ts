/** The pauses between requests in the order of time: times without a running request, and whether the user ended them. */

interface TimedRequest {
  timestamp: string;
  durationMs: number | null;
  prompt: string | null;
  isSubtask: boolean;
}

export interface TimelineRow<T> {
  request: T;
  /** Milliseconds before it in which no request of the list ran; 0 if shorter than MIN_PAUSE_MS. */
  pauseMs: number;
  /** Whether the pause ends with a user message, not with tool results. */
  startsWithPrompt: boolean;
}

/** Shorter pauses are common between any two requests. */
const MIN_PAUSE_MS = 15_000;

/** `requests` oldest first, those of sub-tasks among them: a pause is one only when none of them ran. */
export function withPauses<T extends TimedRequest>(requests: readonly T[]): TimelineRow<T>[] {
  let ended: number | null = null;
  return requests.map((request) => {
    const started = Date.parse(request.timestamp);
    const pause = ended === null ? 0 : started - ended;
    ended = Math.max(ended ?? 0, started + (request.durationMs ?? 0));
    return {
      request,
      pauseMs: pause >= MIN_PAUSE_MS ? pause : 0,
      startsWithPrompt: request.prompt !== null && !request.isSubtask,
    };
  });
}
