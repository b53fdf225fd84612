/** Times: stores the viewer's zone in a cookie for the server, and keeps relative times such as "5 m ago" up to date. */
import { formatAbsolute, formatRelative } from "../format/time.ts";

const UPDATE_INTERVAL_MS = 15_000;
const YEAR_SECONDS = 31_536_000;

export function bindTimes(): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const secure = location.protocol === "https:" ? "; Secure" : "";
  document.cookie = `nexus_zone=${encodeURIComponent(zone)}; Path=/; SameSite=Lax; Max-Age=${YEAR_SECONDS}${secure}`;
  updateTimes();
  setInterval(updateTimes, UPDATE_INTERVAL_MS);
}

/** Updates every time of the page in the viewer's zone. */
export function updateTimes(): void {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  for (const element of document.querySelectorAll("time[datetime]")) {
    const at = Date.parse((element as HTMLTimeElement).dateTime);
    if (Number.isNaN(at)) continue;
    const text = formatRelative(at, Date.now(), zone);
    if (element.textContent !== text) element.textContent = text;
    element.setAttribute("title", formatAbsolute(at, zone));
  }
}
