/** The stream of a request as a page: its events, and when they came where that is known. */
import { describe, expect, it } from "vitest";
import { openPage } from "../../test/support/dashboard-pages.ts";
import { IDS, recordedBody } from "../../test/support/replayed-api.ts";
import { formatExactMs } from "./transcript/stream-times.ts";
import type { RequestDetail } from "../../workers/schemas/api/requests.ts";

/** The stream tab of the recorded request; `change` is what differs from the recording. */
async function visit({ change = {}, query = "" }: { change?: Partial<RequestDetail>; query?: string } = {}) {
  const path = `/requests/${IDS.request}`;
  const detail = { ...recordedBody<RequestDetail>(`/api${path}`), ...change };
  const overrides = { [`GET /api${path}`]: detail };
  const { text } = await openPage(`${path}?tab=stream${query}`, { overrides });
  return { detail, path, text };
}
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((found) => found[1]!);
const timesOf = (text: string) => all(text, /class="event-time">([^<]*)</g);

describe("a timed stream", () => {
  it("shows the arrival time of each event, and the gap to the previous one", async () => {
    const { detail, text } = await visit();
    let end = 0;
    // An event has come when the chunk has that holds its last byte.
    const offsets = recordedBody<string>(`/api/requests/${IDS.request}/response`)
      .split(/(?<=\n\n)/)
      .map((event) => {
        end += new TextEncoder().encode(event).length;
        return detail.streamingChunks.find(({ endByte }) => endByte >= end)!.offsetMs;
      });
    expect(timesOf(text)).toEqual(offsets.slice(0, 50).map(formatExactMs));
    const gaps = all(text, /class="event-gap[^"]*">(?:<b[^>]*>[A-Z]<\/b>)?\s*\+?([^<]*)</g);
    expect(gaps.slice(1)).toEqual(offsets.slice(1, 50).map((ms, at) => formatExactMs(ms - offsets[at]!)));
  });

  it("is drawn, with its first byte, its pauses and what they were before in words too", async () => {
    const { detail, text } = await visit();
    const [first] = detail.streamingChunks;
    const drawing = /<figure class="chunk-timeline">[^]*<\/figure>/.exec(text)![0];
    const label = / role="img" aria-label="([^"]*)"/.exec(drawing)![1]!;
    expect(label).toMatch(
      /^108 events in [\d.]+ s: stream started after .* 2 pauses of .* or more, longest /,
    );
    expect(label).toContain(`stream started after ${formatExactMs(first!.offsetMs)}`);
    expect(all(drawing, /<text class="chunk-name"[^>]*>([^<]*)</g)).toEqual(["A", "B"]);
    expect(all(drawing, /href="[^"]*#event-(\d+)"/g)).toEqual(["4", "32"]);
    expect(all(drawing, /d="(M[^"]*)"/g)[0]!.split("M").length).toBeGreaterThan(60);
    expect(drawing).not.toMatch(/NaN|undefined|Infinity|style=/);
  });

  it("leads from a pause to its event, on whichever page that is", async () => {
    const { text, path } = await visit({ query: "&event=51" });
    expect(timesOf(text)).toHaveLength(50);
    expect(text).toContain('id="event-51"');
    expect(text).toContain(`href="${path}?tab=stream&amp;event=31#event-32"`);
    const there = await visit({ query: "&event=31" });
    expect(there.text).toContain('id="event-32"');
    expect(all(there.text, /<b class="pause-name">([A-Z])<\/b> \+/g)).toEqual(["B"]);
  });

  it("shows the resolution of the times of a long stream only", async () => {
    expect((await visit({ change: { streamTiming: { resolutionMs: 1_024 } } })).text).toContain(
      "Events within 1024 ms of each other may show the same time",
    );
    expect((await visit()).text).not.toContain("may show the same time");
  });

  it("fits into a first screen of 100 KB", async () => {
    const { text } = await visit();
    expect(new TextEncoder().encode(text).length).toBeLessThan(100_000);
  });
});

it("a stream that was not timed shows its events without times, and names the setting", async () => {
  const { text } = await visit({ change: { streamTiming: null, streamingChunks: [] } });
  expect(timesOf(text)).toEqual([]);
  expect(text).toContain("Event times were not recorded for this request");
  expect(text).toContain("<code>STREAM_TIMING_SAMPLE</code>");
  expect(text).not.toContain('class="chunk-timeline"');
  expect(text).toContain('id="event-1"');
});
