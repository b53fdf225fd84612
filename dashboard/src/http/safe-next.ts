/** The redirect target after signing in: always a path of this host. */

/**
 * `next` if it is a path of this site, else "/". Refused are other origins in all the spellings browsers forgive
 * ("//host", "/\\host", tabs and newlines inside, schemes), the sign-in pages themselves, and what is too long.
 */
export function safeNext(next: string | undefined | null): string {
  if (!next || next.length > 2000 || !next.startsWith("/")) return "/";
  if (/[\u0000-\u001f\u007f\\]/.test(next)) return "/";
  let url: URL;
  try {
    url = new URL(next, "https://dashboard.invalid");
  } catch {
    return "/";
  }
  if (url.origin !== "https://dashboard.invalid" || url.pathname.startsWith("//")) return "/";
  if (/^\/(sign-in|sign-out|api|assets)(\/|$)/.test(url.pathname)) return "/";
  return url.pathname + url.search + url.hash;
}
