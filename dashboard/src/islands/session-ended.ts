/**
 * A session that ended while its page was open: a banner links to signing in and back to this page. The content of the
 * page stays.
 */

const ID = "session-ended";

export function showSessionEnded(): void {
  if (document.getElementById(ID)) return;
  const text = document.createElement("span");
  text.textContent = "Your session has ended. This page is no longer updated.";
  const link = document.createElement("a");
  link.className = "button";
  link.href = `/sign-in?next=${encodeURIComponent(location.pathname + location.search + location.hash)}`;
  link.textContent = "Sign in again";
  const banner = document.createElement("p");
  banner.id = ID;
  banner.className = "banner ended";
  banner.setAttribute("role", "alert");
  banner.append(text, link);
  document.querySelector(".page")?.prepend(banner);
}

/** Called after a refresh succeeded, for instance after signing in again in another tab. */
export function hideSessionEnded(): void {
  document.getElementById(ID)?.remove();
}
