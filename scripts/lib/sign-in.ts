/** Signs in to the dashboard without a browser. Returns the Cookie header of the session. */
export async function signIn(dashboardUrl: string, key: string): Promise<string> {
  const form = await fetch(`${dashboardUrl}/sign-in`);
  const csrf = /name="_csrf" value="([^"]+)"/.exec(await form.text())?.[1] ?? "";
  const done = await fetch(`${dashboardUrl}/sign-in`, {
    method: "POST",
    redirect: "manual",
    headers: {
      cookie: cookiesOf(form),
      origin: dashboardUrl,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ key, _csrf: csrf }).toString(),
  });
  if (done.status !== 303) throw new Error(`sign-in returned ${done.status}: ${await done.text()}`);
  return cookiesOf(done);
}

/** Ends the session of this Cookie header. Nothing happens where that fails: it ends by itself. */
export async function signOut(dashboardUrl: string, cookie: string): Promise<void> {
  const page = await fetch(`${dashboardUrl}/settings`, { headers: { cookie, accept: "text/html" } });
  const csrf = /name="_csrf" value="([^"]+)"/.exec(await page.text())?.[1] ?? "";
  await fetch(`${dashboardUrl}/sign-out`, {
    method: "POST",
    redirect: "manual",
    headers: {
      cookie: [cookie, cookiesOf(page)].filter((part) => part !== "").join("; "),
      origin: dashboardUrl,
      "content-type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams({ _csrf: csrf }).toString(),
  });
}

function cookiesOf(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";", 1)[0])
    .join("; ");
}
