/** What everything is compared with: a Worker that passes a request on and does nothing else. */
export default {
  fetch(request, env) {
    const { pathname, search } = new URL(request.url);
    return fetch(new Request(env.CLAUDE_API_BASE_URL + pathname + search, request));
  },
};
