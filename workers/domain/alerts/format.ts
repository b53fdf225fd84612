/** Formats times and shares for alerts. Used by slack-payload.ts. */

/** "2026-11-22 14:05 UTC". */
export function utcTime(at: number): string {
  const [date = "", time = ""] = new Date(at).toISOString().split("T");
  return `${date} ${time.slice(0, 5)} UTC`;
}

/** "45 s", "12 min", "3 h 20 min", "2 d 4 h". */
export function duration(ms: number): string {
  const seconds = Math.round(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  const days = Math.floor(hours / 24);
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`;
}

/** "76 %", "104 %", "7.5 %". */
export function percent(share: number): string {
  return `${Math.round(share * 1_000) / 10} %`;
}
