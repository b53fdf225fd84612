/** Live traffic after the replay: one exchange every few seconds, at a real model's pace, until stopped. */
import { setTimeout as pause } from "node:timers/promises";
import type { FakeClaude } from "../fake-claude/server.ts";
import { generateTraffic } from "./traffic.ts";
import { scriptOutcomes, sendOne, type ReplayOptions } from "./replay.ts";

export interface LiveOptions extends Pick<ReplayOptions, "proxyUrl" | "domains"> {
  fake: FakeClaude;
  /** Seed of the conversations; different at each start, so that they are not repetitions. */
  seed: string;
  signal: AbortSignal;
  /** Milliseconds between the end of one exchange and the next. Default 1,500 to 5,000. */
  pauseMs?: () => number;
}

/** Resolves when the signal has fired. Failed requests are not repeated. */
export async function trickle(options: LiveOptions): Promise<void> {
  const pauseMs = options.pauseMs ?? (() => 1_500 + Math.random() * 3_500);
  for (let round = 0; !options.signal.aborted; round++) {
    const date = new Date().toISOString().slice(0, 10);
    const { exchanges } = generateTraffic({ seed: `${options.seed}/${round}`, turns: 60, date });
    const takeBack = scriptOutcomes(options.fake, exchanges, 1);
    for (const exchange of exchanges) {
      await pause(pauseMs(), undefined, { signal: options.signal }).catch(() => undefined);
      if (options.signal.aborted) break;
      await sendOne(exchange, options);
    }
    takeBack();
  }
}
