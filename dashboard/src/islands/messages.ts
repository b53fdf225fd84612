/** Links to a message: one that is not on the page is among the earlier ones, which are a link away. */
export function bindMessages(): void {
  const wanted = /^#message-\d+$/.exec(location.hash)?.[0];
  if (!wanted || document.querySelector(wanted)) return;
  const all = document.querySelector<HTMLAnchorElement>("a[data-all-messages]");
  if (all) location.replace(all.href + wanted);
}
